//! The pictures of the pages in the README: `cargo xtask screenshots`.

use anyhow::{Context, Result};
use langevin_browser::Page;
use langevin_browser::page::story;
use langevin_browser::program::{Served, trained};
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use tokio::time::sleep;

/// Their size.
const SIZE: [u32; 2] = [1280, 900];

fn main() -> Result<()> {
    let out = std::env::args().nth(1).context("name the folder of the pictures")?;
    let folder = tempfile::tempdir()?;
    let runs = folder.path().join("runs");
    for (name, arguments) in [
        (
            "digits-001",
            &[
                "digits",
                "--set",
                "data.holdout=0.2",
                "--set",
                "evaluate.every=500",
                "--set",
                "evaluate.samples=300",
            ][..],
        ),
        (
            "digits-002",
            &["digits", "--seed", "1", "--set", "train.learning_rate=3e-4", "--set", "data.holdout=0.2"],
        ),
        ("swiss-roll-001", &["swiss-roll"]),
    ] {
        println!("training {name}");
        trained(&runs.join(name), arguments)?;
    }
    let served = Served::start(&runs)?;
    story(pictures(&served.url, Path::new(&out)))
}

async fn pictures(url: &str, out: &Path) -> Result<()> {
    let page = Page::open(url, SIZE).await?;
    let keep = async |name: &str| -> Result<()> {
        // What moves comes to rest.
        sleep(Duration::from_secs(2)).await;
        std::fs::write(out.join(format!("serve-{name}.png")), page.picture().await?)?;
        println!("serve-{name}.png");
        Ok(())
    };
    page.go("").await?;
    let boxes = "[...document.querySelectorAll('[data-test=runs] > *')].filter((row) => row.textContent.includes('digits'))";
    page.until("the runs", &format!("{boxes}.length"), |count| count == &json!(2)).await?;
    let tick = format!(
        "{boxes}.map((row) => row.querySelector('input[type=checkbox]')).filter((box) => !box.checked).forEach((box) => box.click())"
    );
    page.value(&tick).await?;
    let roll = "[...document.querySelectorAll('[data-test=runs] > *')].filter((row) => row.textContent.includes('swiss'))\
                .map((row) => row.querySelector('input[type=checkbox]')).filter((box) => box.checked).forEach((box) => box.click())";
    page.value(roll).await?;
    let points = "Number(document.querySelector('[data-test=chart-loss]').dataset.points)";
    page.until("the curves", points, |count| count.as_f64() >= Some(3000.0)).await?;
    keep("runs").await?;
    page.go("studio").await?;
    page.choose("model", "digits-001/step-0002000").await?;
    page.choose("#panel-sample sampler", "ddim").await?;
    page.write("#panel-sample seed", "6").await?;
    page.press("#panel-sample go").await?;
    page.until_text("#panel-sample output notice", |text| text.starts_with("Done")).await?;
    // A moment on the way says more than the end.
    page.slide("#panel-sample moment", 34.0).await?;
    keep("studio").await?;
    page.go("theory").await?;
    page.choose("model", "digits-001/step-0002000").await?;
    page.choose("schedule", "cosine").await?;
    page.slide("forward-t", 250.0).await?;
    page.resize([1280, 1750]).await?;
    keep("theory").await?;
    page.close().await
}
