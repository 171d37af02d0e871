//! Grids of grey images.

use std::path::Path;

use super::canvas::{Anchor, GRID, INK, render, text_width};
use crate::{
    error::{Error, Result},
    metrics::Points,
};

const LABEL_TEXT: f64 = 16.0;
const TITLE_TEXT: f64 = 20.0;
const GAP: f64 = 4.0;
/// What the grid may measure each way.
const ROOM: usize = 3800;

/// How images are laid out in [`image_grid`].
///
/// ```
/// use flow_runtime::plot::ImageGrid;
/// let grid = ImageGrid { title: "Digits".to_owned(), range: (0.0, 16.0), ..ImageGrid::new(8, 8, 10) };
/// assert_eq!((grid.shape, grid.columns), ((8, 8), 10));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ImageGrid {
    /// Width and height of one image.
    pub shape: (usize, usize),
    /// Images in a row.
    pub columns: usize,
    /// The values that are drawn white and black; what lies beyond is drawn as the nearer one.
    pub range: (f32, f32),
    /// Pixels of the picture for each pixel of an image, along each axis; 0 chooses.
    pub zoom: usize,
    /// Above the grid.
    pub title: String,
    /// Above each column; none or one a column.
    pub column_labels: Vec<String>,
    /// Left of each row; none or one a row.
    pub row_labels: Vec<String>,
}

impl ImageGrid {
    /// Images of this width and height, so many in a row, −1 white and 1 black, without labels.
    #[must_use]
    pub fn new(width: usize, height: usize, columns: usize) -> Self {
        Self {
            shape: (width, height),
            columns,
            range: (-1.0, 1.0),
            zoom: 0,
            title: String::new(),
            column_labels: Vec::new(),
            row_labels: Vec::new(),
        }
    }
}

/// Draws images, `[rows, height · width]`, in rows from the top left, every pixel a square.
///
/// # Errors
///
/// [`Error::Invalid`] without images, for a layout that does not fit them or a grid of more than 3800 pixels;
/// [`Error::Shape`] if an image is not of the given size; [`Error::NotFinite`] with the row; [`Error::Io`] if the file
/// cannot be written.
///
/// ```
/// use flow_runtime::plot::{self, ImageGrid};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("images.png");
/// // Two images of 2 by 2 pixels, side by side.
/// plot::image_grid(&path, &[[-1.0_f32, 1.0, 1.0, -1.0], [0.0, 0.5, 0.5, 0.0]], &ImageGrid::new(2, 2, 2))?;
/// # Ok::<(), flow_runtime::Error>(())
/// ```
pub fn image_grid<'a>(path: impl AsRef<Path>, images: impl Into<Points<'a>>, grid: &ImageGrid) -> Result<()> {
    let images = images.into();
    let (width, height) = grid.shape;
    let rows = check(images, grid)?;
    let wide = grid.columns.checked_mul(width);
    let high = rows.checked_mul(height);
    let most = wide.zip(high).map_or(0, |(wide, high)| ROOM / wide.max(high).max(1));
    // An image of a thumbnail's size is recognised at a glance.
    let zoom = if grid.zoom > 0 { grid.zoom } else { (56 / width.max(height)).clamp(1, most.max(1)) };
    if zoom > most {
        return Err(invalid(
            "the grid",
            &format!("{rows} rows of {} images at zoom {zoom}", grid.columns),
            &format!("at most {ROOM} pixels each way"),
            "draw fewer images, or a smaller zoom",
        ));
    }
    let labels = grid.row_labels.iter().map(|text| text_width(text, LABEL_TEXT)).fold(0.0, f64::max);
    let left = if grid.row_labels.is_empty() { 10.0 } else { labels.ceil() + 22.0 };
    let head = if grid.title.is_empty() { 10.0 } else { 42.0 };
    let top = head + if grid.column_labels.is_empty() { 0.0 } else { 24.0 };
    let (cell_x, cell_y) = ((width * zoom) as f64 + GAP, (height * zoom) as f64 + GAP);
    let needed = text_width(&grid.title, TITLE_TEXT) + 24.0;
    let right = (left + cell_x * grid.columns as f64 - GAP + 10.0).max(needed).max(120.0);
    let bottom = (top + cell_y * rows as f64 - GAP + 10.0).max(120.0);
    let picture = render((right.ceil() as u32, bottom.ceil() as u32), |pen| {
        pen.text(&grid.title, (0.5 * pen.width, 22.0), TITLE_TEXT, INK, Anchor::Center)?;
        for (column, text) in grid.column_labels.iter().enumerate() {
            let x = left + cell_x * column as f64 + 0.5 * (cell_x - GAP);
            pen.text(text, (x, top - 12.0), LABEL_TEXT, INK, Anchor::Center)?;
        }
        for (row, text) in grid.row_labels.iter().enumerate() {
            let y = top + cell_y * row as f64 + 0.5 * (cell_y - GAP);
            pen.text(text, (left - 10.0, y), LABEL_TEXT, INK, Anchor::Right)?;
        }
        for (i, image) in images.iter().enumerate() {
            let x0 = left + cell_x * (i % grid.columns) as f64;
            let y0 = top + cell_y * (i / grid.columns) as f64;
            // A hairline shows where a white image ends.
            pen.fill((x0 - 1.0, y0 - 1.0), (x0 + cell_x - GAP + 1.0, y0 + cell_y - GAP + 1.0), GRID)?;
            for (at, &value) in image.iter().enumerate() {
                let (x, y) = (x0 + ((at % width) * zoom) as f64, y0 + ((at / width) * zoom) as f64);
                pen.fill((x, y), (x + zoom as f64, y + zoom as f64), [shade(value, grid.range); 3])?;
            }
        }
        Ok(())
    })?;
    picture.save_png(path.as_ref())
}

fn shade(value: f32, (white, black): (f32, f32)) -> u8 {
    let share = ((f64::from(value) - f64::from(white)) / (f64::from(black) - f64::from(white))).clamp(0.0, 1.0);
    255 - (255.0 * share).round() as u8
}

/// Refuses what does not fit together; returns the number of rows of the grid.
fn check(images: Points, grid: &ImageGrid) -> Result<usize> {
    const OPERATION: &str = "drawing images";
    let (width, height) = grid.shape;
    if images.rows() == 0 || grid.columns == 0 {
        let (what, got) = if images.rows() == 0 { ("the images", "empty") } else { ("`columns`", "0") };
        return Err(invalid(what, got, "at least one image in a row", "draw or load some samples first"));
    }
    if width == 0 || width.checked_mul(height) != Some(images.dim()) {
        return Err(Error::Shape {
            operation: OPERATION,
            what: "an image".to_owned(),
            got: format!("[{}]", images.dim()),
            expected: format!("[{height} * {width}]"),
            help: "set the width and height of `ImageGrid::new`".to_owned(),
        });
    }
    let (white, black) = grid.range;
    if !(white.is_finite() && black.is_finite() && white != black) {
        return Err(invalid("`range`", &format!("({white}, {black})"), "two different finite numbers", "(-1.0, 1.0)"));
    }
    let rows = images.rows().div_ceil(grid.columns);
    for (what, labels, expected) in
        [("`column_labels`", &grid.column_labels, grid.columns), ("`row_labels`", &grid.row_labels, rows)]
    {
        if !labels.is_empty() && labels.len() != expected {
            let (got, expected) = (labels.len().to_string(), format!("none or {expected}"));
            return Err(invalid(what, &got, &expected, "give one label to each"));
        }
    }
    images.check_finite(OPERATION, "the images")?;
    Ok(rows)
}

fn invalid(what: &str, got: &str, expected: &str, help: &str) -> Error {
    Error::Invalid {
        operation: "drawing images",
        what: what.to_owned(),
        got: got.to_owned(),
        expected: expected.to_owned(),
        help: help.to_owned(),
    }
}
