//! A page in a browser, found by the names that its parts have for tests.

use crate::driver::{Driver, Own, capabilities};
use anyhow::{Context, Result, bail};
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};
use std::future::Future;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A window of its own browser.
pub struct Page {
    client: Client,
    base: String,
    _driver: Driver,
    _profile: tempfile::TempDir,
}

impl Page {
    /// A browser whose window has `size`, for the server at `base`.
    ///
    /// # Errors
    /// If there is no browser.
    pub async fn open(base: &str, size: [u32; 2]) -> Result<Self> {
        let (driver, profile) = (Driver::start()?, tempfile::tempdir()?);
        let mut builder = ClientBuilder::new(hyper_connector());
        builder.capabilities(capabilities(&profile.path().display().to_string(), size));
        let client = builder.connect(&driver.url).await.context("the browser does not start")?;
        let page = Self { client, base: base.to_owned(), _driver: driver, _profile: profile };
        page.resize(size).await?;
        Ok(page)
    }

    /// Gives the page another width and height.
    ///
    /// # Errors
    /// If the browser cannot.
    pub async fn resize(&self, [width, height]: [u32; 2]) -> Result<()> {
        // A headless window can be no narrower than 500 pixels; the page is told otherwise.
        let screen = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        self.tools("Emulation.setDeviceMetricsOverride", screen).await.map(drop)
    }

    async fn tools(&self, command: &'static str, parameters: Value) -> Result<Value> {
        Ok(self.client.issue_cmd(Own::DevTools(command, parameters)).await?)
    }

    /// Goes to a page of the server.
    ///
    /// # Errors
    /// If it does not load.
    pub async fn go(&self, path: &str) -> Result<()> {
        Ok(self.client.goto(&format!("{}{path}", self.base)).await?)
    }

    /// Loads the page anew.
    ///
    /// # Errors
    /// If it does not load.
    pub async fn refresh(&self) -> Result<()> {
        Ok(self.client.refresh().await?)
    }

    /// Asks the pages to be light or dark.
    ///
    /// # Errors
    /// If the browser cannot.
    pub async fn scheme(&self, scheme: &str) -> Result<()> {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.tools("Emulation.setEmulatedMedia", features).await.map(drop)
    }

    /// The part of a name: `"model"`, or `"#panel-inpaint cancel"` within another.
    ///
    /// # Errors
    /// If it does not appear in time.
    pub async fn part(&self, name: &str) -> Result<Element> {
        let selector = selector(name);
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(&selector)).await;
        found.with_context(|| format!("there is no part {name:?}"))
    }

    /// All elements of a selector.
    ///
    /// # Errors
    /// If the browser is gone.
    pub async fn all(&self, selector: &str) -> Result<Vec<Element>> {
        Ok(self.client.find_all(Locator::Css(selector)).await?)
    }

    /// Presses a part.
    ///
    /// # Errors
    /// If it cannot be pressed.
    pub async fn press(&self, name: &str) -> Result<()> {
        Ok(self.part(name).await?.click().await?)
    }

    /// Writes into a field, in place of what is there.
    ///
    /// # Errors
    /// If it is no field.
    pub async fn write(&self, name: &str, text: &str) -> Result<()> {
        let field = self.part(name).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// Types into a part, or gives a file to a field for files.
    ///
    /// # Errors
    /// If it takes no keys.
    pub async fn keys(&self, name: &str, keys: &str) -> Result<()> {
        Ok(self.part(name).await?.send_keys(keys).await?)
    }

    /// Types into whatever has the focus.
    ///
    /// # Errors
    /// If the browser is gone.
    pub async fn keys_to_page(&self, keys: &str) -> Result<()> {
        Ok(self.client.active_element().await?.send_keys(keys).await?)
    }

    /// Chooses an option by its value, once it is there.
    ///
    /// # Errors
    /// If it does not come.
    pub async fn choose(&self, name: &str, value: &str) -> Result<()> {
        self.part(name).await?;
        let there = format!(
            "document.querySelector({:?}).querySelector('option[value={value:?}]') !== null",
            selector(name)
        );
        self.until(&format!("{name} has {value}"), &there, |found| found == &json!(true)).await?;
        self.set(name, json!(value)).await
    }

    /// Sets a slider or another field, as an input by its user.
    ///
    /// # Errors
    /// If there is none.
    pub async fn slide(&self, name: &str, value: f64) -> Result<()> {
        self.part(name).await?;
        self.set(name, json!(value)).await
    }

    /// Gives a field a value, with both events that a browser sends then; ChromeDriver leaves one out.
    async fn set(&self, name: &str, value: Value) -> Result<()> {
        let script = "const field = document.querySelector(arguments[0]); field.value = arguments[1]; \
                      for (const event of ['input', 'change']) field.dispatchEvent(new Event(event, {bubbles: true}));";
        self.client.execute(script, vec![json!(selector(name)), value]).await?;
        Ok(())
    }

    /// The text of a part.
    ///
    /// # Errors
    /// If there is none.
    pub async fn text(&self, name: &str) -> Result<String> {
        Ok(self.part(name).await?.text().await?)
    }

    /// What an expression is in the page; a promise is waited for.
    ///
    /// # Errors
    /// If it throws.
    pub async fn value(&self, expression: &str) -> Result<Value> {
        let script = format!(
            "const done = arguments[0]; Promise.resolve({expression}).then(done, (error) => done({{error: String(error)}}));"
        );
        self.client.execute_async(&script, Vec::new()).await.with_context(|| expression.to_owned())
    }

    /// Waits until an expression is as wanted; gives it.
    ///
    /// # Errors
    /// If that takes too long.
    pub async fn until(
        &self,
        what: &str,
        expression: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let begun = Instant::now();
        loop {
            let value = self.value(expression).await?;
            if wanted(&value) {
                return Ok(value);
            }
            if begun.elapsed() > PATIENCE {
                let notice =
                    self.value("document.querySelector('[data-test=notice]')?.textContent ?? ''").await?;
                bail!("{what} did not come: {expression} is {value}, and the page says {notice}");
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the text of a part is as wanted.
    ///
    /// # Errors
    /// If that takes too long.
    pub async fn until_text(&self, name: &str, wanted: impl Fn(&str) -> bool) -> Result<String> {
        let expression = format!("document.querySelector({:?})?.textContent ?? ''", selector(name));
        let text = self.until(name, &expression, |text| text.as_str().is_some_and(&wanted)).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// A number that a part carries as `data-points`.
    ///
    /// # Errors
    /// If there is no such part.
    pub async fn points(&self, name: &str) -> Result<f64> {
        let points = self.part(name).await?.attr("data-points").await?;
        Ok(points.and_then(|points| points.parse().ok()).unwrap_or(0.0))
    }

    /// What the console said that is an error or a warning, since the last time.
    ///
    /// # Errors
    /// If the browser is gone.
    pub async fn complaints(&self) -> Result<Vec<String>> {
        let log = self.client.issue_cmd(Own::Log).await?;
        let severe = |entry: &&Value| entry["level"] == "SEVERE" || entry["level"] == "WARNING";
        let lines = log.as_array().into_iter().flatten().filter(severe);
        Ok(lines.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect())
    }

    /// The whole page as a PNG.
    ///
    /// # Errors
    /// If the browser is gone.
    pub async fn picture(&self) -> Result<Vec<u8>> {
        Ok(self.client.screenshot().await?)
    }

    /// Ends the browser.
    ///
    /// # Errors
    /// If it is gone already.
    pub async fn close(self) -> Result<()> {
        Ok(self.client.close().await?)
    }
}

/// Runs a story of a browser to its end.
///
/// # Errors
/// Those of the story.
pub fn story<T>(story: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(story)
}

/// Parts by their names for tests, or by `#id`, each within the one before.
pub fn selector(name: &str) -> String {
    let part =
        |name: &str| if name.starts_with('#') { name.to_owned() } else { format!("[data-test=\"{name}\"]") };
    name.split(' ').map(part).collect::<Vec<_>>().join(" ")
}

fn hyper_connector() -> hyper_util::client::legacy::connect::HttpConnector {
    hyper_util::client::legacy::connect::HttpConnector::new()
}
