//! What a run says, as events: under which tags, and in which form TensorBoard shows it.

use super::event::{
    Content, DataClass, DataType, Event, Image, PluginData, SessionLog, SessionStatus, SourceMetadata,
    Summary, SummaryMetadata, Tensor, TensorShape, Value, What,
};
use crate::train::metrics::MetricsLine;
use image::codecs::png::PngDecoder;
use image::{ImageDecoder, ImageResult};
use std::io::Cursor;

/// The tag of the sample grids.
const GRID: &str = "samples/grid";
/// The tag of the settings.
const CONFIG: &str = "config";

/// Every number of a line under its tag; TensorBoard makes a group of charts of each word before a slash.
fn scalars(line: &MetricsLine) -> Vec<(&'static str, f64)> {
    let [first, second, third, fourth] = line.loss_quarters.unwrap_or_default();
    let count = |count: Option<u64>| count.map(|count| count as f64);
    let all = [
        ("loss/train", line.loss),
        ("loss/train_max", line.loss_max),
        ("loss/held_out", line.holdout_loss),
        ("loss/vlb", line.vlb),
        ("loss_by_t/1_cleanest", first),
        ("loss_by_t/2", second),
        ("loss_by_t/3", third),
        ("loss_by_t/4_noisiest", fourth),
        ("quality/frechet", line.frechet),
        ("quality/nll", line.nll),
        ("quality/accuracy_held_out", line.holdout_accuracy),
        ("gradient/norm", line.grad_norm),
        ("gradient/norm_max", line.grad_norm_max),
        ("training/learning_rate", Some(line.lr)),
        ("training/pictures_per_second", Some(line.images_per_second)),
        ("training/skipped", count(line.skipped)),
        ("training/spikes", count(line.spikes)),
    ];
    all.into_iter().filter_map(|(tag, value)| Some((tag, value?))).collect()
}

impl Event {
    /// The first of a file: without the version, readers take no notice of where a run was taken up again.
    pub(super) fn version(wall_time: f64) -> Self {
        let writer = concat!("langevin ", env!("CARGO_PKG_VERSION")).to_owned();
        let what = Some(What::FileVersion("brain.Event:2".to_owned()));
        Self { wall_time, step: 0, what, source: Some(SourceMetadata { writer }) }
    }

    /// That what was written of `step` and later ones is void.
    pub(super) fn start(wall_time: f64, step: u64) -> Self {
        let log = SessionLog { status: SessionStatus::Start.into() };
        Self { wall_time, step: step as i64, what: Some(What::SessionLog(log)), source: None }
    }

    /// The numbers of a line, in single precision, which is all that TensorBoard has.
    pub(super) fn scalars(wall_time: f64, line: &MetricsLine) -> Self {
        let value = |(tag, value): (&str, f64)| Value {
            tag: tag.to_owned(),
            content: Some(Content::Scalar(value as f32)),
            metadata: None,
        };
        Self::summary(wall_time, line.step, scalars(line).into_iter().map(value).collect())
    }

    /// A sample grid, the bytes of its PNG file.
    ///
    /// # Errors
    /// If they are none.
    pub(super) fn grid(wall_time: f64, step: u64, png: Vec<u8>) -> ImageResult<Self> {
        let decoder = PngDecoder::new(Cursor::new(&png))?;
        let ((width, height), channels) = (decoder.dimensions(), decoder.color_type().channel_count());
        let (height, width, colorspace) = (height as i32, width as i32, channels.into());
        let content = Some(Content::Image(Image { height, width, colorspace, encoded: png }));
        let value = Value { tag: GRID.to_owned(), content, metadata: None };
        Ok(Self::summary(wall_time, step, vec![value]))
    }

    /// The settings, as a block of code in Markdown.
    pub(super) fn config(wall_time: f64, step: u64, toml: &str) -> Self {
        let text = format!("```toml\n{}\n```", toml.trim_end());
        let tensor = Tensor {
            data_type: DataType::String.into(),
            shape: Some(TensorShape {}),
            strings: vec![text.into_bytes()],
        };
        let metadata = SummaryMetadata {
            plugin: Some(PluginData { name: "text".to_owned() }),
            data_class: DataClass::Tensor.into(),
        };
        let content = Some(Content::Tensor(tensor));
        let value = Value { tag: CONFIG.to_owned(), content, metadata: Some(metadata) };
        Self::summary(wall_time, step, vec![value])
    }

    fn summary(wall_time: f64, step: u64, values: Vec<Value>) -> Self {
        Self { wall_time, step: step as i64, what: Some(What::Summary(Summary { values })), source: None }
    }
}
