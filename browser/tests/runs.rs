//! The page of runs, while one trains.

use anyhow::Result;
use langevin_browser::Page;
use langevin_browser::page::story;
use langevin_browser::program::{Served, train, trained};
use serde_json::json;

#[test]
fn curves_move_while_a_run_trains_and_a_refresh_loses_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    trained(&folder.path().join("first"), &["digits", "--steps", "60", "--set", "sample.grid_every=20"])?;
    let served = Served::start(folder.path())?;
    let every = ["--set", "sample.grid_every=100", "--set", "sample.grid_steps=20"];
    let arguments =
        [&["digits", "--steps", "500", "--seed", "1", "--set", "train.checkpoint_every=200"][..], &every]
            .concat();
    let mut training = train(&folder.path().join("second"), &arguments)?;
    let told = story(async {
        let page = Page::open(&served.url, [1280, 900]).await?;
        page.go("").await?;
        page.until("both runs", "document.querySelector('[data-test=runs]')?.children.length", |count| {
            count == &json!(2)
        })
        .await?;
        let state = |name: &str| {
            format!(
                "[...document.querySelectorAll('[data-test=runs] > *')].find((row) => row.textContent.includes('{name}'))?.textContent ?? ''"
            )
        };
        page.until("training", &state("second"), |text| {
            text.as_str().is_some_and(|text| text.contains("training"))
        })
        .await?;
        // The newest run is drawn by itself; its curve grows without a reload.
        let points = "Number(document.querySelector('[data-test=chart-loss]').dataset.points)";
        let first =
            page.until("a curve", points, |count| count.as_f64() > Some(5.0)).await?.as_f64().unwrap_or(0.0);
        page.until("a longer curve", points, |count| count.as_f64() > Some(first + 20.0)).await?;
        for chart in ["chart-quarters", "chart-grad-norm", "chart-speed"] {
            let points = format!("Number(document.querySelector('[data-test={chart}]').dataset.points)");
            page.until(chart, &points, |count| count.as_f64() > Some(5.0)).await?;
        }
        let before = page.points("chart-loss").await?;
        page.refresh().await?;
        page.until("the curve again", points, |count| count.as_f64() >= Some(before)).await?;
        // A second one is drawn over it.
        let boxes = "[...document.querySelectorAll('[data-test=runs] input[type=checkbox]')]";
        page.value(&format!("{boxes}.filter((box) => !box.checked).forEach((box) => box.click())")).await?;
        let names = "[...document.querySelectorAll('[data-test=chart-loss] .legend-name')].map((name) => name.textContent).join()";
        page.until("two curves", names, |names| {
            names.as_str().is_some_and(|names| names.contains("first") && names.contains("second"))
        })
        .await?;
        page.slide("smoothing", 0.0).await?;
        page.press("log").await?;
        page.until("the end", &state("second"), |text| {
            text.as_str().is_some_and(|text| text.contains("finished"))
        })
        .await?;
        page.until("all points", points, |count| count.as_f64() >= Some(560.0)).await?;
        assert_eq!(page.complaints().await?, Vec::<String>::new());
        page.close().await
    });
    let _ = training.kill();
    training.wait()?;
    told
}
