//! What can be wrong with a drawing: one clear sentence each.

use thiserror::Error;

use super::MAX_SIDE;

/// Why something could not be drawn or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RenderError {
    /// There is nothing to draw.
    #[error("there is nothing to draw: expected at least one {what}, got none")]
    Empty {
        /// What was expected.
        what: &'static str,
    },
    /// A number of channels that is no picture's.
    #[error("a picture has 1 to 4 channels (grey, grey and alpha, RGB, RGBA), got {channels}")]
    Channels {
        /// The number of channels given.
        channels: usize,
    },
    /// A picture too large to be drawn.
    #[error("a picture to draw is at most 65535 pixels wide and high, got {height}x{width}")]
    PictureSize {
        /// The height given.
        height: usize,
        /// The width given.
        width: usize,
    },
    /// Samples that do not fit their shape.
    #[error("pictures of the shape {shape:?} have {expected} samples, got {got}")]
    Length {
        /// `[n, height, width, channels]`.
        shape: [usize; 4],
        /// The product of the shape, or the largest number if it has none.
        expected: usize,
        /// The number of samples given.
        got: usize,
    },
    /// Columns of a strip that differ in shape.
    #[error(
        "row or column {index} of the sheet has pictures of the shape {got:?}, expected {expected:?} as in the first"
    )]
    Mismatch {
        /// Which column.
        index: usize,
        /// The shape of the first column.
        expected: [usize; 4],
        /// Its shape.
        got: [usize; 4],
    },
    /// A strip without one label for each column.
    #[error("a strip of {columns} columns needs as many labels, got {labels}")]
    Labels {
        /// Columns of the strip.
        columns: usize,
        /// Labels given.
        labels: usize,
    },
    /// Not a name for each row.
    #[error("{names} names are given for {rows} rows of pictures: give one a row")]
    Names {
        /// Rows of the sheet.
        rows: usize,
        /// Names given.
        names: usize,
    },
    /// A number of columns of 0.
    #[error("a sheet has at least 1 column, got 0")]
    NoColumns,
    /// More cells than fit into an image.
    #[error(
        "{columns} columns and {rows} rows do not fit into an image of {max} x {max} pixels: draw fewer",
        max = MAX_SIDE
    )]
    TooMany {
        /// Columns asked for.
        columns: usize,
        /// Rows that follow.
        rows: usize,
    },
    /// A range of an axis that cannot be drawn.
    #[error(
        "the {axis} axis cannot go from {low} to {high}: expected finite numbers, the second larger than the first \
         by at least a millionth of either"
    )]
    Range {
        /// `x` or `y`.
        axis: char,
        /// The lower end given.
        low: f64,
        /// The upper end given.
        high: f64,
    },
    /// A plot of a size that cannot be drawn.
    #[error("the side of a plot is between {low} and {high} pixels, got {got}")]
    Side {
        /// The least.
        low: u32,
        /// The most.
        high: u32,
        /// The side given.
        got: u32,
    },
    /// The axes could not be drawn.
    #[error("the axes of the plot could not be drawn: {reason}")]
    Axes {
        /// What the plotting library says.
        reason: String,
    },
    /// Frames that differ in size.
    #[error(
        "frame {index} of the animation is {}x{} pixels, expected {}x{} as frame 0",
        got.0, got.1, expected.0, expected.1
    )]
    FrameSize {
        /// Which frame.
        index: usize,
        /// (width, height) of the first frame.
        expected: (u32, u32),
        /// (width, height) of this one.
        got: (u32, u32),
    },
    /// A file could not be written.
    #[error("cannot write '{path}': {reason}")]
    Write {
        /// Where.
        path: String,
        /// What the encoder or the system says.
        reason: String,
    },
}
