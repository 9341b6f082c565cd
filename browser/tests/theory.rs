//! The theory, and what holds for all pages.

use anyhow::Result;
use langevin_browser::Page;
use langevin_browser::page::story;
use langevin_browser::program::{Served, trained};
use serde_json::json;

fn served() -> Result<(tempfile::TempDir, Served)> {
    let folder = tempfile::tempdir()?;
    trained(&folder.path().join("digits-001"), &["digits", "--steps", "30", "--no-grid"])?;
    trained(&folder.path().join("roll-001"), &["swiss-roll", "--steps", "200", "--no-grid"])?;
    let served = Served::start(folder.path())?;
    Ok((folder, served))
}

#[test]
fn the_figures_are_drawn_in_the_models_own_numbers() -> Result<()> {
    let (_folder, served) = served()?;
    story(async {
        let page = Page::open(&served.url, [1280, 1000]).await?;
        page.go("theory").await?;
        page.choose("model", "digits-001/step-0000030").await?;
        for chart in ["chart-beta", "chart-alpha-bar", "chart-snr", "chart-posterior"] {
            let points = format!("Number(document.querySelector('[data-test={chart}]').dataset.points)");
            page.until(chart, &points, |count| count.as_f64() >= Some(1000.0)).await?;
        }
        page.choose("schedule", "cosine").await?;
        let points = "Number(document.querySelector('[data-test=chart-alpha-bar]').dataset.points)";
        page.until("both schedules", points, |count| count.as_f64() >= Some(2000.0)).await?;
        let source = "document.querySelector('[data-test=forward-image]')?.src ?? ''";
        let clean =
            page.until("x_0", source, |src| src.as_str().is_some_and(|src| src.starts_with("data:"))).await?;
        page.slide("forward-t", 700.0).await?;
        page.until("x_700", source, |src| src != &clean).await?;
        let strip = "document.querySelectorAll('[data-test=forward-strip] img').length";
        page.until("the strip", strip, |count| count.as_u64() >= Some(6)).await?;
        page.write("terms-count", "8").await?;
        page.press("terms-go").await?;
        let terms = "Number(document.querySelector('[data-test=chart-terms]').dataset.points)";
        page.until("the terms", terms, |count| count.as_f64() >= Some(20.0)).await?;
        assert!(page.text("terms-total").await?.contains('.'));
        page.choose("model", "roll-001/step-0000200").await?;
        page.press("points-go").await?;
        page.until_text("points-player", |text| text.contains("t =")).await?;
        let drawn = "(() => { const canvas = document.querySelector('[data-test=points-canvas]'); const data = \
                     canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data; return new Set(data).size; })()";
        page.until("arrows", drawn, |colours| colours.as_u64() > Some(20)).await?;
        assert_eq!(page.complaints().await?, Vec::<String>::new());
        page.close().await
    })
}

#[test]
fn pages_are_readable_at_phone_width_in_the_dark_and_by_keyboard() -> Result<()> {
    let (_folder, served) = served()?;
    story(async {
        let page = Page::open(&served.url, [360, 740]).await?;
        for scheme in ["light", "dark"] {
            page.scheme(scheme).await?;
            for path in ["", "studio", "studio#inpaint", "studio#denoise", "theory"] {
                page.go(path).await?;
                page.refresh().await?;
                page.until("the page", "document.readyState", |state| state == &json!("complete")).await?;
                tokio::time::sleep(std::time::Duration::from_millis(700)).await;
                let width = page.value("document.documentElement.scrollWidth").await?;
                assert!(width.as_u64() <= Some(360), "{path} is {width} pixels wide");
                let unnamed = "[...document.querySelectorAll('input, select, button, canvas[tabindex]')].filter((field) => field.type !== 'hidden' && \
                     !field.labels?.length && !field.getAttribute('aria-label') && !field.getAttribute('aria-labelledby') && \
                     !field.textContent.trim() && !field.closest('[hidden]')).map((field) => field.outerHTML)";
                assert_eq!(page.value(unnamed).await?, json!([]), "{path}: fields without a name");
                let contrast = "(() => { const [ink, ground] = ['color', 'backgroundColor'].map((key) => getComputedStyle(document.body)[key]\
                     .match(/\\d+/g).slice(0, 3).map((part) => { const c = part / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; })\
                     .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0)); return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05); })()";
                assert!(page.value(contrast).await?.as_f64() > Some(7.0), "{path} in the {scheme}");
                assert_eq!(page.complaints().await?, Vec::<String>::new(), "{path} in the {scheme}");
            }
        }
        // Every stop of the Tab key is seen.
        page.go("studio").await?;
        page.refresh().await?;
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        for stop in 0..14 {
            page.keys_to_page("\u{e004}").await?;
            let seen = "(() => { const style = getComputedStyle(document.activeElement); return document.activeElement.tagName + ' ' + \
                        (style.outlineStyle !== 'none' || style.boxShadow !== 'none'); })()";
            let seen = page.value(seen).await?;
            assert!(seen.as_str().is_some_and(|seen| seen.ends_with("true")), "stop {stop}: {seen}");
        }
        page.close().await
    })
}
