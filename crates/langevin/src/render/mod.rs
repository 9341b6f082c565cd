//! Drawing: sheets of pictures, strips over time, scatter plots of points, and animations of them.
//!
//! Everything is drawn into an [`RgbImage`] in memory; [`save_png`] and [`save_gif`] write it. Pictures come as
//! [`Pictures`]: samples `[n, height, width, channels]` scaled to [-1, 1], drawn as `round(255 (v + 1) / 2)` and
//! clipped. A pixel with a value that is not finite is drawn magenta. Pictures with alpha lie over a checkerboard.

mod animation;
mod axes;
mod backend;
mod cell;
mod contact;
mod curves;
mod error;
mod figure;
mod files;
mod grid;
mod layout;
mod pictures;
mod plot;
mod points;
mod range;
mod rows;
mod strip;
mod text;

use image::Rgb;

pub use animation::save_gif;
pub use contact::contact_sheet;
pub use curves::{Axis, Curve, curves, stacked};
pub use error::RenderError;
pub use files::{encode_png, save_png};
pub use grid::{grid, with_caption};
pub use image::RgbImage;
pub use pictures::Pictures;
pub use plot::{Panel, PlotOptions, panels, scatter};
pub use points::Series;
pub use range::Range;
pub use rows::named_rows;
pub use strip::strip;

/// The longest side of a drawn image, in pixels (a caption adds its own height).
pub const MAX_SIDE: u32 = 2000;

/// What lies between the cells of a sheet.
const BACKGROUND: Rgb<u8> = Rgb([224, 224, 224]);
/// The colour of values that are not finite.
const NOT_FINITE: Rgb<u8> = Rgb([255, 0, 255]);
/// The colour of text.
const INK: Rgb<u8> = Rgb([40, 40, 40]);
/// The colour of remarks.
const FAINT_INK: Rgb<u8> = Rgb([120, 120, 120]);
/// The size of labels and captions, in pixels per em.
const TEXT_SIZE: f32 = 14.0;
