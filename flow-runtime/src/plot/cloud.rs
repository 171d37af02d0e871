//! Clouds of points and their paths.

use std::path::Path;

use super::{
    Options, Series,
    axes::Axis,
    canvas::{Anchor, Color, Drawn, FAINT, Pen, palette, render},
    frame::{Entry, Frame, Mark},
};
use crate::{
    error::{Error, Result},
    metrics::Points,
};

const SIZE: (u32, u32) = (640, 640);
const NOTE_TEXT: f64 = 13.0;

/// Draws clouds of points in the plane over each other, the first one lowest.
///
/// # Errors
///
/// [`Error::Invalid`] without points, or for a size or range that cannot be drawn; [`Error::Shape`] if points are not
/// in the plane; [`Error::NotFinite`] with series and row; [`Error::Io`] if the file cannot be written.
///
/// ```
/// use flow_runtime::{data, plot::{self, Options, Series}};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("moons.png");
/// let moons = data::two_moons(500, 0.05, 1)?;
/// plot::scatter(&path, &[Series::new("data", &moons)], &Options::titled("Two moons"))?;
/// # Ok::<(), flow_runtime::Error>(())
/// ```
pub fn scatter(path: impl AsRef<Path>, series: &[Series], options: &Options) -> Result<()> {
    let mut all = Vec::new();
    for one in series {
        all.extend(plane("drawing points", one.name, one.points)?);
    }
    let legend: Vec<Entry> = series
        .iter()
        .enumerate()
        .filter(|(_, one)| !one.name.is_empty())
        .map(|(i, one)| Entry { name: one.name.to_owned(), color: palette(i), mark: Mark::Dot })
        .collect();
    let (size, frame) = cloud_frame(SIZE, &all, options, &legend)?;
    let picture = render(size, |pen| {
        frame.draw_grid(pen)?;
        let mut outside = 0;
        for (i, one) in series.iter().enumerate() {
            outside += draw_points(&frame, pen, one.points, palette(i))?;
        }
        frame.draw(pen, options, &legend)?;
        note_outside(&frame, pen, outside)
    })?;
    picture.save_png(path.as_ref())
}

/// Draws the path of every sample through the frames of a flow, with its start `x0` and its end `x1`.
///
/// `frames` are the states at successive times, `[rows, 2]` each, all of the same samples in the same order. Some
/// hundred samples show a flow best.
///
/// # Errors
///
/// As for [`scatter`]; also [`Error::Invalid`] for fewer than two frames and [`Error::Shape`] for frames of different
/// sizes.
///
/// ```
/// use flow_runtime::plot::{self, Options};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("paths.png");
/// let frames = [vec![[0.0, 0.0], [1.0, 0.0]], vec![[0.5, 0.5], [1.0, 1.0]], vec![[1.0, 0.5], [1.0, 2.0]]];
/// plot::trajectories(&path, &frames, &Options::titled("Two samples on their way"))?;
/// # Ok::<(), flow_runtime::Error>(())
/// ```
pub fn trajectories<'a, F>(path: impl AsRef<Path>, frames: F, options: &Options) -> Result<()>
where
    F: IntoIterator,
    F::Item: Into<Points<'a>>,
{
    let frames: Vec<Points> = frames.into_iter().map(Into::into).collect();
    let all = check_frames("drawing trajectories", &frames)?;
    let rows = all.len() / frames.len();
    let (start, end) = (palette(0), palette(1));
    let legend = [("source x₀", start, Mark::Dot), ("path", PATH, Mark::Line), ("sample x₁", end, Mark::Dot)]
        .map(|(name, color, mark)| Entry { name: name.to_owned(), color, mark });
    let (size, frame) = cloud_frame(SIZE, &all, options, &legend)?;
    let picture = render(size, |pen| {
        frame.draw_grid(pen)?;
        let opacity = (100.0 / rows as f64).clamp(0.15, 0.7);
        for i in 0..rows {
            let path: Vec<(f64, f64)> = (0..frames.len()).map(|step| all[step * rows + i]).collect();
            frame.line(pen, &path, PATH, opacity, 1.0)?;
        }
        let radius = (40.0 / (rows as f64).sqrt()).clamp(1.4, 3.0);
        let mut outside = 0;
        for (points, color) in [(&all[..rows], start), (&all[all.len() - rows..], end)] {
            outside += draw_dots(&frame, pen, points, color, radius, 0.85)?;
        }
        frame.draw(pen, options, &legend)?;
        note_outside(&frame, pen, outside)
    })?;
    picture.save_png(path.as_ref())
}

const PATH: Color = [90, 90, 90];

/// The points of every frame, which must all be of one size and at least two.
pub(super) fn check_frames(operation: &'static str, frames: &[Points]) -> Result<Vec<(f64, f64)>> {
    if frames.len() < 2 {
        return Err(Error::Invalid {
            operation,
            what: "the frames".to_owned(),
            got: frames.len().to_string(),
            expected: "at least 2: the source and the sample".to_owned(),
            help: "keep the states of the solve at several times".to_owned(),
        });
    }
    let mut all = Vec::new();
    for (i, &points) in frames.iter().enumerate() {
        all.extend(plane(operation, &format!("frame {i}"), points)?);
        if points.rows() != frames[0].rows() {
            return Err(Error::Shape {
                operation,
                what: format!("frame {i}"),
                got: format!("[{}, 2]", points.rows()),
                expected: format!("[{}, 2]", frames[0].rows()),
                help: "every frame holds the same samples".to_owned(),
            });
        }
    }
    Ok(all)
}

/// Points of the plane as numbers, refused unless there are some and all are finite.
pub(super) fn plane(operation: &'static str, name: &str, points: Points) -> Result<Vec<(f64, f64)>> {
    if points.dim() != 2 {
        return Err(Error::Shape {
            operation,
            what: format!("`{name}`"),
            got: format!("[{}, {}]", points.rows(), points.dim()),
            expected: "[rows, 2]".to_owned(),
            help: "choose two columns to look at".to_owned(),
        });
    }
    if points.rows() == 0 {
        return Err(no_points(operation, &format!("`{name}`")));
    }
    points.check_finite(operation, &format!("`{name}`"))?;
    Ok(points.iter().map(|row| (f64::from(row[0]), f64::from(row[1]))).collect())
}

fn no_points(operation: &'static str, what: &str) -> Error {
    Error::Invalid {
        operation,
        what: what.to_owned(),
        got: "empty".to_owned(),
        expected: "at least one point".to_owned(),
        help: "draw or load some samples first".to_owned(),
    }
}

/// The size of the picture and its frame; a height that was not asked for follows the points.
pub(super) fn cloud_frame(
    default: (u32, u32),
    points: &[(f64, f64)],
    options: &Options,
    legend: &[Entry],
) -> Result<((u32, u32), Frame)> {
    if points.is_empty() {
        return Err(no_points("drawing points", "the list of series"));
    }
    let x = Axis::over("horizontal", points.iter().map(|point| point.0).collect(), options.x_range, false)?;
    let y = Axis::over("vertical", points.iter().map(|point| point.1).collect(), options.y_range, false)?;
    let size = options
        .size
        .unwrap_or_else(|| (default.0, Frame::new(default, options, legend, x, y).natural_height(default.1)));
    Ok((size, Frame::new(size, options, legend, x, y).with_equal_scales(options)))
}

/// Draws points at a size that suits their number; returns how many lie outside.
pub(super) fn draw_points(frame: &Frame, pen: &Pen, points: Points, color: Color) -> Drawn<usize> {
    let rows = points.rows() as f64;
    let room = ((frame.right - frame.left) * (frame.bottom - frame.top)).sqrt() / 560.0;
    let radius = room * (70.0 / rows.sqrt()).clamp(1.0, 3.0);
    let opacity = (30.0 / rows.sqrt()).clamp(0.35, 0.8);
    let points: Vec<_> = points.iter().map(|row| (f64::from(row[0]), f64::from(row[1]))).collect();
    draw_dots(frame, pen, &points, color, radius, opacity)
}

fn draw_dots(frame: &Frame, pen: &Pen, points: &[(f64, f64)], color: Color, radius: f64, opacity: f64) -> Drawn<usize> {
    let mut outside = 0;
    for &(x, y) in points {
        let at = frame.at(x, y);
        if frame.holds(at) {
            pen.dot(at, radius, color, opacity)?;
        } else {
            outside += 1;
        }
    }
    Ok(outside)
}

fn note_outside(frame: &Frame, pen: &Pen, outside: usize) -> Drawn {
    if outside == 0 {
        return Ok(());
    }
    let plural = if outside == 1 { "" } else { "s" };
    let at = (frame.right - 8.0, frame.bottom - 12.0);
    pen.text(&format!("{outside} point{plural} outside"), at, NOTE_TEXT, FAINT, Anchor::Right)
}
