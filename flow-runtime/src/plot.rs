//! Pictures of data, flows and errors: PNG and GIF, drawn without any system library.
//!
//! Every function renders in memory and then writes the file whole or not at all. Point clouds have equal scales on
//! both axes; points far out do not squeeze the rest, and are counted in a corner instead; colours are those of Okabe
//! and Ito, which people with colour blindness tell apart.
//!
//! ```
//! use flow_runtime::{data, plot::{self, Options, Series}};
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("moons.png");
//! let (data, samples) = (data::two_moons(500, 0.05, 1)?, data::two_moons(500, 0.1, 2)?);
//! let series = [Series::new("data", &data), Series::new("samples", &samples)];
//! plot::scatter(&path, &series, &Options::titled("Two moons"))?;
//! # Ok::<(), flow_runtime::Error>(())
//! ```

mod animation;
mod axes;
mod canvas;
mod cloud;
mod curves;
mod frame;
mod images;
mod log_log;
#[cfg(test)]
mod tests;

pub use self::{
    animation::{Animation, animation},
    cloud::{scatter, trajectories},
    curves::{Errors, convergence, loss_curve},
    images::{ImageGrid, image_grid},
    log_log::{Curve, log_log},
};

use crate::metrics::Points;

/// What can be said about any picture.
///
/// ```
/// use flow_runtime::plot::Options;
/// let options = Options { x_label: "x".to_owned(), size: Some((600, 400)), ..Options::titled("Samples") };
/// assert_eq!((options.title.as_str(), options.x_range), ("Samples", None));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Above the picture.
    pub title: String,
    /// Below the horizontal axis.
    pub x_label: String,
    /// Beside the vertical axis.
    pub y_label: String,
    /// Width and height in pixels; by default what suits the kind of picture.
    pub size: Option<(u32, u32)>,
    /// Ends of the horizontal axis; by default what holds the data, points far out excepted.
    pub x_range: Option<(f64, f64)>,
    /// Ends of the vertical axis.
    pub y_range: Option<(f64, f64)>,
}

impl Options {
    /// A title, and everything else by default.
    #[must_use]
    pub fn titled(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }
}

/// A named cloud of points in the plane.
///
/// ```
/// use flow_runtime::plot::Series;
/// let points = vec![[0.0, 1.0], [2.0, 3.0]];
/// assert_eq!(Series::new("samples", &points).points.rows(), 2);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// Its name in the legend.
    pub name: &'a str,
    /// The points, `[rows, 2]`.
    pub points: Points<'a>,
}

impl<'a> Series<'a> {
    /// Points under a name.
    pub fn new(name: &'a str, points: impl Into<Points<'a>>) -> Self {
        Self { name, points: points.into() }
    }
}
