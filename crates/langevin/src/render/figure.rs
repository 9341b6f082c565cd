//! Where the panels of a figure lie, and how large they are.

use super::axes::{BELOW, LEFT};
use super::layout::near_square;
use super::{MAX_SIDE, Panel, PlotOptions, RenderError};

/// Pixels at the right and the upper edge.
pub(super) const EDGE: u32 = 18;
/// Pixels between panels.
const BETWEEN: u32 = 16;
/// The height of a line of text.
pub(super) const LINE: u32 = 26;
/// The sides a plot may have, in pixels.
const SIDES: (u32, u32) = (80, 1600);
/// The sides of a lone plot and of a panel where none is asked for.
const USUAL_SIDES: (u32, u32) = (520, 240);
/// Panels that stand in one row, at most, where no columns are asked for.
const ROW: usize = 7;

/// Where everything lies, in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figure {
    pub width: u32,
    pub height: u32,
    pub columns: usize,
    pub count: usize,
    pub side: u32,
    /// Pixels above the first row of panels.
    pub head: u32,
    /// Pixels above a panel.
    pub caption: u32,
}

impl Figure {
    /// The figure of at least one panel.
    pub(super) fn new(panels: &[Panel], options: &PlotOptions) -> Result<Self, RenderError> {
        let count = panels.len();
        let columns = match options.columns {
            Some(0) => return Err(RenderError::NoColumns),
            Some(columns) => columns.min(count),
            None if count <= ROW => count,
            None => near_square(count, (1, 1)),
        };
        let rows = count.div_ceil(columns);
        let shows_labels =
            panels.iter().flat_map(|panel| panel.series).any(|series| !series.label.is_empty());
        let head = EDGE + LINE * (u32::from(!options.title.is_empty()) + u32::from(shows_labels));
        let caption = if panels.iter().any(|panel| !panel.caption.is_empty()) { LINE } else { 0 };
        let (fixed_x, fixed_y) = (LEFT + EDGE, head + BELOW);
        let room = |cells: usize, fixed: u32, each: u32| {
            let cells = u32::try_from(cells).unwrap_or(u32::MAX);
            (MAX_SIDE - fixed + BETWEEN).saturating_sub(cells.saturating_mul(each)) / cells.max(1)
        };
        let room = room(columns, fixed_x, BETWEEN).min(room(rows, fixed_y, BETWEEN + caption));
        let usual = if count == 1 { USUAL_SIDES.0 } else { USUAL_SIDES.1 };
        let side = options.side.unwrap_or(usual.min(room.max(SIDES.0)));
        if !(SIDES.0..=SIDES.1).contains(&side) {
            return Err(RenderError::Side { low: SIDES.0, high: SIDES.1, got: side });
        }
        if side > room {
            return Err(RenderError::TooMany { columns, rows });
        }
        let width = fixed_x + columns as u32 * (side + BETWEEN) - BETWEEN;
        let height = fixed_y + rows as u32 * (caption + side + BETWEEN) - BETWEEN;
        Ok(Self { width, height, columns, count, side, head, caption })
    }

    /// The upper left pixel of a plot.
    pub(super) fn corner(&self, index: usize) -> (u32, u32) {
        let (column, row) = ((index % self.columns) as u32, (index / self.columns) as u32);
        let y = self.head + row * (self.caption + self.side + BETWEEN) + self.caption;
        (LEFT + column * (self.side + BETWEEN), y)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Series;
    use super::*;

    proptest! {
        #[test]
        fn panels_lie_apart_and_inside(count in 1usize..150, columns in proptest::option::of(1usize..30), captioned: bool) {
            let series = [Series { label: "data", ..Series::default() }];
            let caption = if captioned { "t = 0" } else { "" };
            let panels = vec![Panel { caption, series: &series }; count];
            let options = PlotOptions { title: "title".into(), columns, ..PlotOptions::default() };
            let Ok(figure) = Figure::new(&panels, &options) else {
                prop_assert!(count > 10);
                return Ok(());
            };
            prop_assert!(figure.width.max(figure.height) <= MAX_SIDE);
            let corners: Vec<_> = (0..count).map(|index| figure.corner(index)).collect();
            for (index, &(x, y)) in corners.iter().enumerate() {
                prop_assert!(x >= LEFT && x + figure.side + EDGE <= figure.width);
                prop_assert!(y >= figure.head + figure.caption && y + figure.side + BELOW <= figure.height);
                let apart = |&(other_x, other_y): &(u32, u32)| {
                    x.abs_diff(other_x) >= figure.side + BETWEEN
                        || y.abs_diff(other_y) >= figure.side + figure.caption + BETWEEN
                };
                prop_assert!(corners[..index].iter().all(apart));
            }
        }
    }
}
