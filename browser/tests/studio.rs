//! The studio: samples, what cancels them, and pictures with a part drawn anew.

use anyhow::{Context, Result};
use langevin_browser::Page;
use langevin_browser::page::{selector, story};
use langevin_browser::program::{Served, trained};
use serde_json::{Value, json};

/// A model of digits, good enough that its work takes as long as a good one's.
fn served() -> Result<(tempfile::TempDir, Served)> {
    let folder = tempfile::tempdir()?;
    trained(&folder.path().join("digits-001"), &["digits", "--steps", "30", "--no-grid"])?;
    let served = Served::start(folder.path())?;
    Ok((folder, served))
}

/// The pixels of a part's pictures: for each, its grey values.
async fn pixels(page: &Page, images: &str) -> Result<Vec<Vec<u64>>> {
    let expression = format!(
        "Promise.all([...document.querySelectorAll({images:?})].map(async (image) => {{
            await image.decode();
            const canvas = document.createElement('canvas');
            [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
            const context = canvas.getContext('2d');
            context.drawImage(image, 0, 0);
            return [...context.getImageData(0, 0, canvas.width, canvas.height).data].filter((_, index) => index % 4 === 0);
        }}))"
    );
    Ok(serde_json::from_value(page.value(&expression).await?)?)
}

#[test]
fn sample_shows_frames_and_then_pictures_and_a_refresh_loses_nothing() -> Result<()> {
    let (_folder, served) = served()?;
    story(async {
        let page = Page::open(&served.url, [1280, 900]).await?;
        page.go("studio").await?;
        page.choose("model", "digits-001/step-0000030").await?;
        page.choose("#panel-sample sampler", "ddpm").await.context("the sampler")?;
        page.write("#panel-sample seed", "5").await?;
        page.write("#panel-sample count", "6").await?;
        page.press("#panel-sample go").await?;
        // Frames come while it computes: what is seen of x_t changes.
        let frame = format!("document.querySelector({:?})?.src ?? ''", selector("#panel-sample x-image"));
        let is_picture = |src: &Value| src.as_str().is_some_and(|src| src.starts_with("data:image/png"));
        let early = page.until("a frame", &frame, is_picture).await?;
        page.until("another frame", &frame, |src| is_picture(src) && src != &early).await?;
        page.until_text("#panel-sample output notice", |text| text.starts_with("Done")).await?;
        let results = selector("#panel-sample result-image");
        let drawn = pixels(&page, &results).await?;
        assert!(drawn.len() == 1 && drawn[0].iter().any(|&value| value != drawn[0][0]), "the sheet is empty");
        let command = page.text("#panel-sample command").await?;
        assert!(
            command.contains("--sampler ddpm") && command.contains("--seed 5") && command.contains("-n 6"),
            "{command}"
        );
        for link in ["png", "npz"] {
            let address =
                page.part(&format!("#panel-sample {link}")).await?.prop("href").await?.unwrap_or_default();
            let size = format!("fetch({address:?}).then((reply) => reply.blob()).then((blob) => blob.size)");
            assert!(page.value(&size).await?.as_u64() > Some(300), "{link}");
        }
        page.refresh().await?;
        page.until_text("#panel-sample output notice", |text| text.starts_with("Done")).await?;
        page.until("the sheet again", &format!("document.querySelectorAll({results:?}).length"), |count| {
            count == &json!(1)
        })
        .await?;
        // And so are the frames that it came by.
        let frames = format!(
            "Number(document.querySelector({:?}).dataset.frames)",
            selector("#panel-sample evolution")
        );
        page.until("the frames again", &frames, |count| count.as_f64() > Some(2.0)).await?;
        assert_eq!(pixels(&page, &results).await?, drawn);
        assert_eq!(page.part("#panel-sample seed").await?.prop("value").await?.as_deref(), Some("5"));
        assert_eq!(page.complaints().await?, Vec::<String>::new());
        page.close().await
    })
}

#[test]
fn cancel_works_and_so_does_a_refresh_on_the_way() -> Result<()> {
    let (_folder, served) = served()?;
    story(async {
        let page = Page::open(&served.url, [1280, 900]).await?;
        page.go("studio").await?;
        page.choose("model", "digits-001/step-0000030").await?;
        page.choose("#panel-sample sampler", "ddpm").await?;
        page.write("#panel-sample count", "64").await?;
        page.press("#panel-sample go").await?;
        page.until_text("#panel-sample progress-text", |text| text.contains("step")).await?;
        page.refresh().await?;
        page.until_text("#panel-sample progress-text", |text| text.contains("step")).await?;
        page.press("#panel-sample cancel").await?;
        page.until_text("#panel-sample output notice", |text| text.contains("ancelled")).await?;
        let states = "fetch('/api/v1/jobs').then((reply) => reply.json()).then((list) => list.jobs.map((job) => job.state))";
        assert_eq!(page.value(states).await?, json!(["cancelled"]));
        // What is wrong is said in a sentence.
        page.write("#panel-sample count", "1000").await?;
        page.press("#panel-sample go").await?;
        let field = selector("#panel-sample count");
        let said = format!(
            "document.querySelector({:?}).textContent + document.querySelector({field:?}).validationMessage",
            selector("#panel-sample output notice")
        );
        page.until("a sentence", &said, |text| text.as_str().is_some_and(|text| text.contains("64"))).await?;
        page.close().await
    })
}

#[test]
fn inpainting_changes_the_masked_pixels_alone() -> Result<()> {
    let (_folder, served) = served()?;
    let place = tempfile::tempdir()?;
    let path = place.path().join("picture.png");
    let picture =
        image::GrayImage::from_fn(8, 8, |x, y| image::Luma([(((x * 3 + y * 5) % 17) * 255 / 16) as u8]));
    picture.save(&path)?;
    story(async {
        let page = Page::open(&served.url, [1280, 1100]).await?;
        page.go("studio#inpaint").await?;
        page.choose("model", "digits-001/step-0000030").await?;
        page.press("tab-inpaint").await?;
        page.keys("#panel-inpaint file", &path.display().to_string()).await?;
        page.write("#panel-inpaint steps", "12").await?;
        page.write("#panel-inpaint jump", "4").await?;
        page.write("#panel-inpaint resamples", "2").await?;
        page.write("#panel-inpaint count", "3").await?;
        let size =
            format!("document.querySelector({:?}).dataset.size ?? ''", selector("#panel-inpaint mask"));
        page.until("the picture", &size, |size| size == &json!("8x8")).await?;
        page.slide("#panel-inpaint brush", 1.0).await?;
        // By keyboard: to the first cell, two to the right, two down, and three painted.
        let canvas = page.part("#panel-inpaint mask").await?;
        let keys = [("\u{e012}", 8), ("\u{e013}", 8), ("\u{e014}", 2), ("\u{e015}", 2)]; // Left, Up, Right, Down
        for (key, times) in
            keys.into_iter().chain([(" ", 1), ("\u{e014}", 1), (" ", 1), ("\u{e015}", 1), (" ", 1)])
        {
            for _ in 0..times {
                canvas.send_keys(key).await?;
            }
        }
        assert_eq!(page.text("mask-place").await?, "row 4, column 4: to be filled in");
        let masked = [(2, 2), (3, 2), (3, 3)];
        page.press("#panel-inpaint go").await?;
        page.until_text("#panel-inpaint output notice", |text| text.starts_with("Done")).await?;
        let results = format!("{} img", selector("#panel-inpaint result-content"));
        let original: Vec<u64> = picture.pixels().map(|pixel| u64::from(pixel.0[0])).collect();
        let all = pixels(&page, &results).await?;
        assert_eq!(all.len(), 4, "the picture, and three fillings");
        assert_eq!(all[0], original);
        let mut changed = 0;
        for filled in &all[1..] {
            for (index, (before, after)) in original.iter().zip(filled).enumerate() {
                if masked.contains(&(index % 8, index / 8)) {
                    changed += usize::from(before != after);
                } else {
                    assert_eq!(before, after, "pixel {index}");
                }
            }
        }
        assert!(changed > 0, "nothing was filled in");
        assert_eq!(page.complaints().await?, Vec::<String>::new());
        page.close().await
    })
}

#[test]
fn the_other_tabs_work() -> Result<()> {
    let (_folder, served) = served()?;
    story(async {
        let page = Page::open(&served.url, [1280, 1100]).await?;
        page.go("studio").await?;
        page.choose("model", "digits-001/step-0000030").await?;
        page.press("tab-interpolate").await?;
        page.write("#panel-interpolate from-seed", "1").await?;
        page.write("#panel-interpolate to-seed", "2").await?;
        page.write("#panel-interpolate frames", "5").await?;
        page.press("#panel-interpolate go").await?;
        page.until_text("#panel-interpolate output notice", |text| text.starts_with("Done")).await?;
        page.press("tab-denoise").await?;
        let picture = selector("#panel-denoise picture");
        page.value(&format!("document.querySelector({:?}).open = true", format!("{picture} details")))
            .await?;
        let tiles = format!("{picture} [role=option]");
        page.until("the data", &format!("document.querySelectorAll({tiles:?}).length"), |count| {
            count.as_u64() > Some(5)
        })
        .await?;
        page.all(&tiles).await?.remove(3).click().await?;
        page.slide("#panel-denoise from", 120.0).await?;
        page.press("#panel-denoise go").await?;
        page.until_text("#panel-denoise output notice", |text| text.starts_with("Done")).await?;
        assert_eq!(page.complaints().await?, Vec::<String>::new());
        page.close().await
    })
}
