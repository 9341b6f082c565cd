//! Strips over time: a row for each picture, a column for each timestep.

use image::RgbImage;

use super::grid::LINE;
use super::layout::{GAP, Layout};
use super::text::{self, Align};
use super::{BACKGROUND, INK, Pictures, RenderError, TEXT_SIZE, cell};

/// The smallest text that can be read, in pixels per em.
const LEAST_TEXT: f32 = 9.0;

/// Draws a strip: `columns[k]` holds all pictures at the k-th time, one below the other, `labels[k]` stands below.
///
/// # Errors
/// If there is no column, the columns differ in shape, the labels are more or fewer than the columns, or the
/// strip does not fit into an image.
pub fn strip(columns: &[Pictures], labels: &[impl AsRef<str>]) -> Result<RgbImage, RenderError> {
    let first = columns.first().ok_or(RenderError::Empty { what: "column of a strip" })?;
    if let Some(index) = columns.iter().position(|column| column.shape() != first.shape()) {
        return Err(RenderError::Mismatch { index, expected: first.shape(), got: columns[index].shape() });
    }
    if labels.len() != columns.len() {
        return Err(RenderError::Labels { columns: columns.len(), labels: labels.len() });
    }
    let layout = Layout::new(columns.len(), first.count(), first.size(), LINE)?;
    let (width, height) = layout.size();
    let mut image = RgbImage::from_pixel(width, height + LINE, BACKGROUND);
    for (column, pictures) in (0..).zip(columns) {
        for row in 0..layout.rows {
            cell::draw(&mut image, pictures, row as usize, &layout, layout.corner(column, row));
        }
    }
    draw_labels(&mut image, labels, &layout);
    Ok(image)
}

/// Draws all labels at one size: the largest up to the usual one at which each fits below its column.
fn draw_labels(image: &mut RgbImage, labels: &[impl AsRef<str>], layout: &Layout) {
    let room = layout.cell.0 as f32;
    let widest = labels.iter().map(|label| text::width(label.as_ref(), TEXT_SIZE)).fold(1.0, f32::max);
    let size = (TEXT_SIZE * room / widest).clamp(LEAST_TEXT, TEXT_SIZE);
    let base = layout.size().1 as f32 + TEXT_SIZE - 2.0;
    for (column, label) in (0..).zip(labels) {
        let centre = layout.corner(column, 0).0 as f32 + room / 2.0;
        let label = text::shortened(label.as_ref(), size, room + GAP as f32);
        text::draw(image, &label, (centre, base), Align::Centre, size, INK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_pictures_and_columns_are_times() {
        let times = [[-1.0, 1.0], [0.0, 0.5], [0.5, f32::NAN]];
        let columns: Vec<_> = times.iter().map(|time| Pictures::new(time, [2, 1, 1, 1]).unwrap()).collect();
        let image = strip(&columns, &["t = 0", "t = 250", "t = 1000"]).unwrap();
        assert_eq!(image.dimensions(), (4 + 3 * 68, 4 + 2 * 68 + 22));
        let at = |column: u32, row: u32| image.get_pixel(36 + 68 * column, 36 + 68 * row).0;
        assert_eq!([at(0, 0), at(1, 0), at(2, 0)], [[0; 3], [128; 3], [191; 3]]);
        assert_eq!([at(0, 1), at(1, 1), at(2, 1)], [[255; 3], [191; 3], [255, 0, 255]]);
        for column in 0..3 {
            let below = |x: u32, y: u32| y >= 140 && x >= 68 * column + 2 && x < 68 * (column + 1) + 2;
            let inked = image.enumerate_pixels().any(|(x, y, pixel)| below(x, y) && pixel.0[0] < 100);
            assert!(inked, "no label below column {column}");
        }
    }

    #[test]
    fn strips_that_cannot_be_drawn_are_refused() {
        let (one, two) = ([0.0], [0.0; 2]);
        let (one, two) =
            (Pictures::new(&one, [1, 1, 1, 1]).unwrap(), Pictures::new(&two, [2, 1, 1, 1]).unwrap());
        let told = |columns: &[Pictures], labels: &[&str]| strip(columns, labels).unwrap_err().to_string();
        assert!(told(&[], &[]).starts_with("there is nothing to draw"));
        assert!(told(&[one, one], &["t = 0"]).ends_with("2 columns needs as many labels, got 1"));
        assert!(
            told(&[one, two], &["", ""])
                .starts_with("row or column 1 of the sheet has pictures of the shape [2, 1")
        );
        assert!(told(&[one; 900], &["t"; 900]).contains("do not fit"));
    }
}
