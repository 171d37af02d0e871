//! Loss curves and convergence plots.

use std::path::Path;

use super::{
    Options,
    axes::Axis,
    canvas::{Anchor, FAINT, palette, render},
    frame::{Entry, Frame, Mark},
};
use crate::error::{Error, Result};

const SIZE: (u32, u32) = (760, 460);
const STRETCHES: usize = 1500;

/// Draws the loss of every step, counted from 1, as it came and smoothed; logarithmic if every loss is positive.
///
/// The smoothed curve is the mean over a window of a fiftieth of the run about each step. Of many losses the smallest and
/// the largest in each stretch are drawn.
///
/// # Errors
///
/// [`Error::Invalid`] without losses, or for a size or range that cannot be drawn; [`Error::NotFinite`] with the step of
/// a loss that is NaN or infinite; [`Error::Io`] if the file cannot be written.
///
/// ```
/// use flow_runtime::plot::{self, Options};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("loss.png");
/// let losses: Vec<f32> = (1..100).map(|step| 1.0 / step as f32).collect();
/// plot::loss_curve(&path, &losses, &Options::titled("Loss"))?;
/// # Ok::<(), flow_runtime::Error>(())
/// ```
pub fn loss_curve(path: impl AsRef<Path>, losses: &[f32], options: &Options) -> Result<()> {
    const OPERATION: &str = "drawing a loss curve";
    if losses.is_empty() {
        return Err(empty(OPERATION, "the list of losses", "one loss"));
    }
    if let Some(at) = losses.iter().position(|loss| !loss.is_finite()) {
        return Err(Error::NotFinite {
            operation: OPERATION,
            what: format!("the loss {}", losses[at]),
            at: format!("step {}", at + 1),
            help: "draw the steps before it".to_owned(),
        });
    }
    let log = losses.iter().all(|&loss| loss > 0.0);
    let raw: Vec<(f64, f64)> = losses.iter().enumerate().map(|(i, &loss)| ((i + 1) as f64, f64::from(loss))).collect();
    let smoothed = smooth(&raw);
    let mut options = options.clone();
    if options.x_label.is_empty() {
        options.x_label = "step".to_owned();
    }
    if options.y_label.is_empty() {
        options.y_label = "loss".to_owned();
    }
    let legend = [("loss", palette(5)), ("smoothed", palette(0))].map(|(name, color)| Entry {
        name: name.to_owned(),
        color,
        mark: Mark::Line,
    });
    let size = options.size.unwrap_or(SIZE);
    let ends =
        raw.iter().map(|point| point.0).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
    let steps = options.x_range.or(Some(ends).filter(|(low, high)| low < high));
    let x = Axis::over("horizontal", vec![ends.0], steps, false)?;
    let y = Axis::over("vertical", raw.iter().map(|point| point.1).collect(), options.y_range, log)?;
    let frame = Frame::new(size, &options, &legend, x, y);
    let picture = render(size, |pen| {
        frame.draw_grid(pen)?;
        frame.segments(pen, &thin(&raw), palette(5), 0.5, 1.0)?;
        frame.line(pen, &thin(&smoothed), palette(0), 1.0, 2.2)?;
        if let [(step, loss)] = raw[..] {
            pen.dot(frame.at(step, loss), 3.0, palette(0), 1.0)?;
        }
        frame.draw(pen, &options, &legend)
    })?;
    picture.save_png(path.as_ref())
}

/// Means over a window about each step, as far as there are steps.
fn smooth(raw: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut sums = vec![0.0];
    for (i, (_, loss)) in raw.iter().enumerate() {
        sums.push(sums[i] + loss);
    }
    let half = raw.len() / 100;
    let mean = |(i, &(step, _)): (usize, &(f64, f64))| {
        let (from, to) = (i.saturating_sub(half), (i + half + 1).min(raw.len()));
        (step, (sums[to] - sums[from]) / (to - from) as f64)
    };
    raw.iter().enumerate().map(mean).collect()
}

/// At most two points of each stretch: the smallest and the largest, in their order.
fn thin(raw: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut out = Vec::new();
    for stretch in raw.chunks(raw.len().div_ceil(STRETCHES).max(1)) {
        let by_loss = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let (low, high) = (stretch.iter().min_by(by_loss), stretch.iter().max_by(by_loss));
        let mut ends: Vec<(f64, f64)> = low.into_iter().chain(high).copied().collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        ends.dedup();
        out.extend(ends);
    }
    out
}

/// The errors of one method at several step sizes.
///
/// ```
/// use flow_runtime::plot::Errors;
/// let points = [(0.1, 1e-3), (0.05, 2.5e-4)];
/// let midpoint = Errors { name: "Midpoint", points: &points };
/// assert_eq!(midpoint.points.len(), 2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Errors<'a> {
    /// The method, for the legend.
    pub name: &'a str,
    /// Step sizes and errors, all positive.
    pub points: &'a [(f64, f64)],
}

/// Draws error against step size, both logarithmic, with a dashed guide for each order in `orders`.
///
/// A method of order `p` runs parallel to the guide `error ∝ stepᵖ`, which is drawn below the method whose own slope is
/// nearest to `p`.
///
/// # Errors
///
/// [`Error::Invalid`] without points, if a step or an error is not positive and finite, or for a size or range that
/// cannot be drawn; [`Error::Io`] if the file cannot be written.
///
/// ```
/// use flow_runtime::{plot::{self, Errors, Options}, prelude::*};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("error.png");
/// let error = |steps: usize| -> Result<(f64, f64), Error> {
///     let x = solve(Rk4, |_: f64, x: &f64| -x, 1.0, &Grid::uniform(0.0, 1.0, steps)?)?.state;
///     Ok((1.0 / steps as f64, (x - (-1.0_f64).exp()).abs()))
/// };
/// let points = [error(4)?, error(8)?, error(16)?];
/// plot::convergence(&path, &[Errors { name: "Rk4", points: &points }], &[4], &Options::titled("x' = -x"))?;
/// # Ok::<(), Error>(())
/// ```
pub fn convergence(path: impl AsRef<Path>, methods: &[Errors], orders: &[u32], options: &Options) -> Result<()> {
    const OPERATION: &str = "drawing a convergence plot";
    for method in methods {
        let bad = |&&(step, error): &&(f64, f64)| !(step > 0.0 && step.is_finite() && error > 0.0 && error.is_finite());
        if let Some((step, error)) = method.points.iter().find(bad) {
            return Err(Error::Invalid {
                operation: OPERATION,
                what: format!("a point of `{}`", method.name),
                got: format!("(step {step}, error {error})"),
                expected: "a positive finite step and error".to_owned(),
                help: "both axes are logarithmic; leave out errors that are exactly 0".to_owned(),
            });
        }
    }
    let all: Vec<(f64, f64)> = methods.iter().flat_map(|method| method.points.iter().copied()).collect();
    if all.is_empty() {
        return Err(empty(OPERATION, "the list of errors", "one method with one point"));
    }
    let mut options = options.clone();
    if options.x_label.is_empty() {
        options.x_label = "step size".to_owned();
    }
    if options.y_label.is_empty() {
        options.y_label = "error".to_owned();
    }
    let mut legend: Vec<Entry> = methods
        .iter()
        .enumerate()
        .map(|(i, method)| Entry { name: method.name.to_owned(), color: palette(i), mark: Mark::Line })
        .collect();
    if !orders.is_empty() {
        legend.push(Entry { name: "slope of an order".to_owned(), color: FAINT, mark: Mark::Dashes });
    }
    let size = options.size.unwrap_or(SIZE);
    let x = Axis::over("horizontal", all.iter().map(|point| point.0).collect(), options.x_range, true)?;
    let y = Axis::over("vertical", all.iter().map(|point| point.1).collect(), options.y_range, true)?;
    let frame = Frame::new(size, &options, &legend, x, y);
    let picture = render(size, |pen| {
        frame.draw_grid(pen)?;
        for &order in orders {
            let Some((from, to)) = guide(&frame, methods, order) else { continue };
            frame.dashes(pen, from, to, FAINT)?;
            let middle = (0.5 * (from.0 + to.0) + 4.0, 0.5 * (from.1 + to.1) + 13.0);
            if frame.holds(middle) {
                pen.text(&format!("order {order}"), middle, 13.0, FAINT, Anchor::Left)?;
            }
        }
        for (i, method) in methods.iter().enumerate() {
            let mut points = method.points.to_vec();
            points.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
            frame.line(pen, &points, palette(i), 1.0, 2.0)?;
            for at in points.iter().map(|&(step, error)| frame.at(step, error)).filter(|&at| frame.holds(at)) {
                pen.dot(at, 4.0, palette(i), 1.0)?;
            }
        }
        frame.draw(pen, &options, &legend)
    })?;
    picture.save_png(path.as_ref())
}

/// The two ends, in pixels, of the guide for an order: just below the method that it fits best, over its steps.
fn guide(frame: &Frame, methods: &[Errors], order: u32) -> Option<((f64, f64), (f64, f64))> {
    let order = f64::from(order);
    let misfit = |method: &&Errors| slope(method.points).map_or(f64::INFINITY, |slope| (slope - order).abs());
    let method = methods.iter().min_by(|a, b| misfit(a).total_cmp(&misfit(b)))?;
    let steps = method.points.iter().map(|point| point.0);
    let (small, large) = (steps.clone().fold(f64::INFINITY, f64::min), steps.fold(0.0, f64::max));
    // The lowest line of this slope that still touches the points.
    let level = method.points.iter().map(|&(step, error)| error.log10() - order * step.log10());
    let level = level.fold(f64::INFINITY, f64::min);
    let end = |step: f64| {
        let (x, y) = frame.at(step, 10_f64.powf(level + order * step.log10()));
        (x, y + 12.0)
    };
    (small < large).then(|| (end(small), end(large)))
}

/// The slope of the line through the points, both logarithmic, by least squares.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let n = points.len() as f64;
    let logs = points.iter().map(|&(step, error)| (step.ln(), error.ln()));
    let (mx, my) = logs.clone().fold((0.0, 0.0), |(mx, my), (x, y)| (mx + x / n, my + y / n));
    let (xx, xy) = logs.fold((0.0, 0.0), |(xx, xy), (x, y)| (xx + (x - mx).powi(2), xy + (x - mx) * (y - my)));
    (xx > 0.0).then(|| xy / xx)
}

fn empty(operation: &'static str, what: &str, expected: &str) -> Error {
    Error::Invalid {
        operation,
        what: what.to_owned(),
        got: "empty".to_owned(),
        expected: format!("at least {expected}"),
        help: "there is nothing to draw yet".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothing_keeps_a_straight_line_and_thinning_the_extremes() {
        let line: Vec<(f64, f64)> = (0..1000).map(|i| (f64::from(i), 3.0 + 0.5 * f64::from(i))).collect();
        for ((_, raw), (_, smoothed)) in line.iter().zip(smooth(&line)).skip(10).take(980) {
            assert!((raw - smoothed).abs() < 1e-9);
        }
        assert_eq!(smooth(&line[..5]), line[..5]);
        let mut many: Vec<(f64, f64)> = (0..100_000).map(|i| (f64::from(i), 1.0)).collect();
        (many[777].1, many[50_001].1) = (9.0, -4.0);
        let thinned = thin(&many);
        assert!(thinned.len() <= 2 * STRETCHES && thinned.is_sorted_by_key(|point| point.0));
        assert!(thinned.contains(&(777.0, 9.0)) && thinned.contains(&(50_001.0, -4.0)));
        assert_eq!(thin(&line[..7]), line[..7]);
    }

    #[test]
    fn the_slope_of_a_power_is_its_exponent() {
        let points: Vec<(f64, f64)> = (0..6).map(|k| 0.5_f64.powi(k)).map(|h| (h, 7.0 * h.powi(4))).collect();
        assert!((slope(&points).unwrap() - 4.0).abs() < 1e-12);
        assert_eq!((slope(&points[..1]), slope(&[])), (None, None));
    }
}
