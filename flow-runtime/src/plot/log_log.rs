//! Curves on two logarithmic axes.

use std::path::Path;

use super::{
    Options,
    axes::Axis,
    canvas::{Color, FAINT, palette, render},
    frame::{Entry, Frame, Mark},
};
use crate::error::{Error, Result};

const SIZE: (u32, u32) = (760, 500);

/// A named curve through points.
///
/// ```
/// use flow_runtime::plot::Curve;
/// let points = [(1e3, 0.01), (1e6, 10.0)];
/// assert!(Curve::reference("linear", &points).reference && !Curve::new("measured", &points).reference);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve<'a> {
    /// Its name in the legend.
    pub name: &'a str,
    /// The points, all positive.
    pub points: &'a [(f64, f64)],
    /// Drawn dashed and grey, without marks: what others are held against.
    pub reference: bool,
}

impl<'a> Curve<'a> {
    /// A curve of measured points, each of them marked.
    pub fn new(name: &'a str, points: &'a [(f64, f64)]) -> Self {
        Self { name, points, reference: false }
    }

    /// A dashed line without marks.
    pub fn reference(name: &'a str, points: &'a [(f64, f64)]) -> Self {
        Self { name, points, reference: true }
    }
}

/// Draws curves on two logarithmic axes, on which a power `y ∝ xᵖ` is a straight line of slope `p`.
///
/// Points are joined in the order of `x`.
///
/// # Errors
///
/// [`Error::Invalid`] without points, if a coordinate is not positive and finite, or for a size or range that cannot be
/// drawn; [`Error::Io`] if the file cannot be written.
///
/// ```
/// use flow_runtime::plot::{self, Curve, Options};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("cost.png");
/// let (measured, linear) = ([(1e3, 0.011), (1e4, 0.1), (1e5, 1.02)], [(1e3, 0.01), (1e5, 1.0)]);
/// let curves = [Curve::new("measured", &measured), Curve::reference("linear", &linear)];
/// plot::log_log(&path, &curves, &Options::titled("Cost"))?;
/// # Ok::<(), flow_runtime::Error>(())
/// ```
pub fn log_log(path: impl AsRef<Path>, curves: &[Curve], options: &Options) -> Result<()> {
    check(curves)?;
    let mut colors = (0..).map(palette);
    let colors: Vec<Color> =
        curves.iter().map(|curve| if curve.reference { FAINT } else { colors.next().unwrap_or(FAINT) }).collect();
    let legend: Vec<Entry> = curves
        .iter()
        .zip(&colors)
        .map(|(curve, &color)| Entry {
            name: curve.name.to_owned(),
            color,
            mark: if curve.reference { Mark::Dashes } else { Mark::Line },
        })
        .collect();
    let all = || curves.iter().flat_map(|curve| curve.points.iter().copied());
    let x = Axis::over("horizontal", all().map(|point| point.0).collect(), options.x_range, true)?;
    let y = Axis::over("vertical", all().map(|point| point.1).collect(), options.y_range, true)?;
    let size = options.size.unwrap_or(SIZE);
    let frame = Frame::new(size, options, &legend, x, y);
    let picture = render(size, |pen| {
        frame.draw_grid(pen)?;
        for (curve, &color) in curves.iter().zip(&colors) {
            let mut points = curve.points.to_vec();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            if curve.reference {
                for pair in points.windows(2) {
                    frame.dashes(pen, frame.at(pair[0].0, pair[0].1), frame.at(pair[1].0, pair[1].1), color)?;
                }
                continue;
            }
            frame.line(pen, &points, color, 1.0, 2.0)?;
            for at in points.iter().map(|&(x, y)| frame.at(x, y)).filter(|&at| frame.holds(at)) {
                pen.dot(at, 4.0, color, 1.0)?;
            }
        }
        frame.draw(pen, options, &legend)
    })?;
    picture.save_png(path.as_ref())
}

fn check(curves: &[Curve]) -> Result<()> {
    let invalid = |what: String, got: String, expected: &str, help: &str| Error::Invalid {
        operation: "drawing curves",
        what,
        got,
        expected: expected.to_owned(),
        help: help.to_owned(),
    };
    for curve in curves {
        let bad = |&&(x, y): &&(f64, f64)| !(x > 0.0 && x.is_finite() && y > 0.0 && y.is_finite());
        if let Some((x, y)) = curve.points.iter().find(bad) {
            return Err(invalid(
                format!("a point of `{}`", curve.name),
                format!("({x}, {y})"),
                "two positive finite numbers",
                "both axes are logarithmic; leave out what is 0",
            ));
        }
    }
    if curves.iter().all(|curve| curve.points.is_empty()) {
        return Err(invalid(
            "the list of curves".to_owned(),
            "empty".to_owned(),
            "one curve with one point at least",
            "there is nothing to draw yet",
        ));
    }
    Ok(())
}
