//! Axes: ranges, ticks, and the frame that maps numbers to pixels.

use super::{
    Options,
    canvas::{Anchor, Color, Drawn, FAINT, GRID, INK, Pen, text_width, tick_width},
};
use crate::error::{Error, Result};

const TICK_TEXT: f64 = 14.0;
const LABEL_TEXT: f64 = 16.0;
const TITLE_TEXT: f64 = 20.0;
const LEGEND_TEXT: f64 = 15.0;
const LEGEND_LINE: f64 = 22.0;
/// Numbers are wider than high.
const SPACING_X: f64 = 72.0;
const SPACING_Y: f64 = 56.0;
/// Among fewer values none is called an outlier.
const FEW: usize = 200;
/// How far beyond the middle 99 % a value may lie, in widths of them.
const FAR: f64 = 0.75;

/// One axis, linear or logarithmic; `low < high`, both finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    pub low: f64,
    pub high: f64,
    pub log: bool,
}

impl Axis {
    /// An axis over values, or over the range that was asked for. Values far outside the bulk are left out.
    pub fn over(name: &str, mut values: Vec<f64>, asked: Option<(f64, f64)>, log: bool) -> Result<Self> {
        if let Some((low, high)) = asked {
            if low < high && (high - low).is_finite() && (!log || low > 0.0) {
                return Ok(Self { low, high, log });
            }
            let sign = if log { ", both positive" } else { "" };
            return Err(Error::Invalid {
                operation: "drawing a picture",
                what: format!("the range of the {name} axis"),
                got: format!("({low}, {high})"),
                expected: format!("two finite numbers, the smaller one first{sign}"),
                help: "leave the range out to fit it to the data".to_owned(),
            });
        }
        // Far enough for anything, and the ends with their margins stay finite.
        let bounds = if log { (-300.0, 300.0) } else { (-1e300, 1e300) };
        values.iter_mut().for_each(|x| *x = if log { x.log10() } else { *x }.clamp(bounds.0, bounds.1));
        values.sort_unstable_by(f64::total_cmp);
        let quantile = |q: f64| values.get(((values.len() as f64 - 1.0) * q).round() as usize).copied().unwrap_or(0.0);
        let (mut low, mut high) = (quantile(0.0), quantile(1.0));
        if !log && values.len() >= FEW {
            let reach = FAR * (quantile(0.995) - quantile(0.005));
            let (from, to) = (quantile(0.005) - reach, quantile(0.995) + reach);
            low = values.iter().copied().find(|&x| x >= from).unwrap_or(low);
            high = values.iter().rev().copied().find(|&x| x <= to).unwrap_or(high);
        }
        if high - low <= 1e-9 * low.abs().max(high.abs()) {
            let around = if low == 0.0 { 1.0 } else { 0.5 * low.abs() };
            (low, high) = (low - around, high + around);
        }
        let margin = 0.05 * (high - low);
        (low, high) = (low - margin, high + margin);
        if log {
            (low, high) = (10_f64.powf(low.max(-307.0)), 10_f64.powf(high.min(307.0)));
        }
        Ok(Self { low, high, log })
    }

    /// Where a value lies, 0 at the low end and 1 at the high end.
    fn share(&self, value: f64) -> f64 {
        if self.log {
            (value.log10() - self.low.log10()) / (self.high.log10() - self.low.log10())
        } else {
            (value - self.low) / (self.high - self.low)
        }
    }

    /// Positions and texts, at most about one in `spacing` pixels.
    fn ticks(&self, pixels: f64, spacing: f64) -> Vec<(f64, String)> {
        let most = (pixels / spacing).max(2.0);
        if self.log {
            let (first, last) = (self.low.log10().ceil() as i32, self.high.log10().floor() as i32);
            if last > first {
                let every = (f64::from(last - first + 1) / most).ceil().max(1.0) as i32;
                let decades = (first..=last).filter(|decade| decade.rem_euclid(every) == 0);
                return decades.map(|decade| (10_f64.powi(decade), power_of_ten(decade))).collect();
            }
            // Less than two decades: some round numbers between them.
            let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
            let round = (first..=last).flat_map(|decade| [1.0, 2.0, 5.0].map(|x| x * 10_f64.powi(decade)));
            let inside: Vec<f64> = round.filter(|x| (self.low..=self.high).contains(x)).collect();
            if inside.len() >= 2 {
                return inside.into_iter().map(|x| (x, number(x, x))).collect();
            }
        }
        let rough = (self.high - self.low) / most;
        let power = 10_f64.powf(rough.log10().floor());
        let step = power * [1.0, 2.0, 5.0].into_iter().find(|x| x * power >= rough * 0.999).unwrap_or(10.0);
        let (first, last) = ((self.low / step).ceil(), (self.high / step).floor());
        let count = (last - first).max(0.0) as u32;
        (0..=count).map(|i| (first + f64::from(i)) * step).map(|x| (x, number(x, step))).collect()
    }
}

/// A number with as many digits as its neighbours at this distance need.
fn number(x: f64, step: f64) -> String {
    let digits = -step.abs().log10().floor();
    let text = if x != 0.0 && !(1e-4..1e6).contains(&x.abs().max(step.abs())) {
        format!("{x:.*e}", ((x.abs() / step.abs()).log10().ceil().max(0.0) as usize).min(6))
    } else {
        format!("{x:.*}", digits.clamp(0.0, 9.0) as usize)
    };
    text.replace('-', "−")
}

/// The exponent after `^` is raised when it is drawn.
fn power_of_ten(decade: i32) -> String {
    format!("10^{decade}").replace('-', "−")
}

/// How an entry of the legend is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mark {
    Dot,
    Line,
    Dashes,
}

pub(super) struct Entry {
    pub name: String,
    pub color: Color,
    pub mark: Mark,
}

/// The plotting area, in pixels, and its two axes.
pub(super) struct Frame {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    pub x: Axis,
    pub y: Axis,
    /// Pixels between the ticks of the vertical axis.
    spacing: f64,
}

impl Frame {
    /// Leaves room for title, legend, ticks and labels.
    pub fn new((width, height): (u32, u32), options: &Options, legend: &[Entry], x: Axis, y: Axis) -> Self {
        let (width, height) = (f64::from(width), f64::from(height));
        let title = if options.title.is_empty() { 8.0 } else { 38.0 };
        let lines = legend_places(legend, 16.0, width - 16.0).last().map_or(0.0, |&(_, line)| line + 1.0);
        let top = title + lines * LEGEND_LINE + if lines > 0.0 { 6.0 } else { 4.0 };
        let bottom = height - if options.x_label.is_empty() { 34.0 } else { 58.0 };
        let ticks = y.ticks(bottom - top, SPACING_Y);
        let widest = ticks.iter().map(|(_, text)| tick_width(text, TICK_TEXT)).fold(0.0, f64::max);
        let left = widest + if options.y_label.is_empty() { 20.0 } else { 44.0 };
        Self { left, right: width - 20.0, top, bottom, x, y, spacing: SPACING_Y }
    }

    /// The height of a picture in which points fill the frame at equal scales.
    pub fn natural_height(&self, height: u32) -> u32 {
        let per_pixel = (self.x.high - self.x.low) / (self.right - self.left);
        let wanted = (self.y.high - self.y.low) / per_pixel - (self.bottom - self.top);
        let height = f64::from(height);
        (height + wanted).clamp(0.6 * height, 1.25 * height).round() as u32
    }

    /// Widens one axis so that a unit is as long on both; an axis whose range was asked for stays, if one can.
    pub fn with_equal_scales(mut self, options: &Options) -> Self {
        self.spacing = SPACING_X;
        let per_x = (self.x.high - self.x.low) / (self.right - self.left);
        let per_y = (self.y.high - self.y.low) / (self.bottom - self.top);
        let widen = |axis: &mut Axis, factor: f64| {
            let (middle, half) = (0.5 * (axis.low + axis.high), 0.5 * factor * (axis.high - axis.low));
            (axis.low, axis.high) = (middle - half, middle + half);
        };
        if options.x_range.is_some() && options.y_range.is_some() {
            // Both ends are wanted: the frame gives way.
            if per_x > per_y {
                self.top = self.bottom - (self.y.high - self.y.low) / per_x;
            } else {
                self.right = self.left + (self.x.high - self.x.low) / per_y;
            }
        } else if per_x > per_y {
            widen(&mut self.y, per_x / per_y);
        } else {
            widen(&mut self.x, per_y / per_x);
        }
        self
    }

    /// The pixel of a point, possibly outside the frame.
    pub fn at(&self, x: f64, y: f64) -> (f64, f64) {
        let across = self.left + self.x.share(x) * (self.right - self.left);
        (across, self.bottom - self.y.share(y) * (self.bottom - self.top))
    }

    pub fn holds(&self, (x, y): (f64, f64)) -> bool {
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }

    /// The part of a segment inside the frame (Liang and Barsky).
    pub fn clip(&self, from: (f64, f64), to: (f64, f64)) -> Option<[(f64, f64); 2]> {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        if !(dx.is_finite() && dy.is_finite()) {
            return None;
        }
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        let sides = [
            (-dx, from.0 - self.left),
            (dx, self.right - from.0),
            (-dy, from.1 - self.top),
            (dy, self.bottom - from.1),
        ];
        for (towards, room) in sides {
            if towards == 0.0 && room < 0.0 {
                return None;
            } else if towards < 0.0 {
                enter = enter.max(room / towards);
            } else if towards > 0.0 {
                leave = leave.min(room / towards);
            }
        }
        (enter <= leave).then(|| [enter, leave].map(|s| (from.0 + s * dx, from.1 + s * dy)))
    }

    /// A line through points, those parts of it that lie inside the frame.
    pub fn line(&self, pen: &Pen, points: &[(f64, f64)], color: Color, opacity: f64, width: f64) -> Drawn {
        let mut run: Vec<(f64, f64)> = Vec::new();
        for pair in points.windows(2) {
            let [from, to] = [pair[0], pair[1]].map(|(x, y)| self.at(x, y));
            let Some([start, end]) = self.clip(from, to) else { continue };
            if run.last().is_none_or(|&last| last != start) {
                if run.len() > 1 {
                    pen.line(&run, color, opacity, width)?;
                }
                run.clear();
                run.push(start);
            }
            run.push(end);
        }
        if run.len() > 1 { pen.line(&run, color, opacity, width) } else { Ok(()) }
    }

    /// A ragged line: every segment by itself, since the mitres of one thick line would stand out as spikes.
    pub fn segments(&self, pen: &Pen, points: &[(f64, f64)], color: Color, opacity: f64, width: f64) -> Drawn {
        points.windows(2).try_for_each(|pair| self.line(pen, pair, color, opacity, width))
    }

    /// A dashed line between two pixels, clipped.
    pub fn dashes(&self, pen: &Pen, from: (f64, f64), to: (f64, f64), color: Color) -> Drawn {
        let Some([from, to]) = self.clip(from, to) else { return Ok(()) };
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        let mut done = 0.0;
        while done < length {
            let until = (done + 6.0).min(length);
            let ends = [done, until].map(|s| (from.0 + dx * s / length, from.1 + dy * s / length));
            pen.line(&ends, color, 1.0, 1.2)?;
            done += 10.0;
        }
        Ok(())
    }

    /// Grid lines, below the data.
    pub fn draw_grid(&self, pen: &Pen) -> Drawn {
        for (x, _) in self.x.ticks(self.right - self.left, SPACING_X) {
            let (x, _) = self.at(x, self.y.low);
            pen.line(&[(x, self.top), (x, self.bottom)], GRID, 1.0, 1.0)?;
        }
        for (y, _) in self.y.ticks(self.bottom - self.top, self.spacing) {
            let (_, y) = self.at(self.x.low, y);
            pen.line(&[(self.left, y), (self.right, y)], GRID, 1.0, 1.0)?;
        }
        Ok(())
    }

    /// Frame, numbers, labels, title and legend, above the data.
    pub fn draw(&self, pen: &Pen, options: &Options, legend: &[Entry]) -> Drawn {
        let (left, right, top, bottom) = (self.left, self.right, self.top, self.bottom);
        pen.line(&[(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], FAINT, 1.0, 1.0)?;
        for (x, text) in self.x.ticks(right - left, SPACING_X) {
            let (x, _) = self.at(x, self.y.low);
            pen.line(&[(x, bottom), (x, bottom + 4.0)], FAINT, 1.0, 1.0)?;
            pen.tick(&text, (x, bottom + 15.0), TICK_TEXT, INK, Anchor::Center)?;
        }
        for (y, text) in self.y.ticks(bottom - top, self.spacing) {
            let (_, y) = self.at(self.x.low, y);
            pen.line(&[(left - 4.0, y), (left, y)], FAINT, 1.0, 1.0)?;
            pen.tick(&text, (left - 8.0, y), TICK_TEXT, INK, Anchor::Right)?;
        }
        pen.text(&options.x_label, (0.5 * (left + right), bottom + 38.0), LABEL_TEXT, INK, Anchor::Center)?;
        pen.text(&options.y_label, (16.0, 0.5 * (top + bottom)), LABEL_TEXT, INK, Anchor::Upwards)?;
        pen.text(&options.title, (0.5 * pen.width, 22.0), TITLE_TEXT, INK, Anchor::Center)?;
        let places = legend_places(legend, 16.0, pen.width - 16.0);
        let lines = places.last().map_or(0.0, |&(_, line)| line + 1.0);
        for (entry, (x, line)) in legend.iter().zip(places) {
            let y = top - 4.0 - LEGEND_LINE * (lines - line - 0.5);
            match entry.mark {
                Mark::Dot => pen.dot((x + 11.0, y), 4.5, entry.color, 1.0)?,
                Mark::Line => pen.line(&[(x, y), (x + 22.0, y)], entry.color, 1.0, 2.5)?,
                Mark::Dashes => {
                    pen.line(&[(x, y), (x + 6.0, y)], entry.color, 1.0, 1.2)?;
                    pen.line(&[(x + 10.0, y), (x + 16.0, y)], entry.color, 1.0, 1.2)?;
                }
            }
            pen.text(&entry.name, (x + 28.0, y), LEGEND_TEXT, INK, Anchor::Left)?;
        }
        Ok(())
    }
}

/// Left end and line of each entry; the lines are filled from left to right and each is centred.
fn legend_places(legend: &[Entry], left: f64, right: f64) -> Vec<(f64, f64)> {
    let mut places: Vec<(f64, f64)> = Vec::new();
    let (mut x, mut line, mut start) = (left, 0.0, 0);
    let centre = |places: &mut [(f64, f64)], end: f64| {
        places.iter_mut().for_each(|place| place.0 += 0.5 * (right - end).max(0.0));
    };
    for entry in legend {
        let width = 28.0 + text_width(&entry.name, LEGEND_TEXT);
        if x > left && x + width > right {
            centre(&mut places[start..], x - 22.0);
            (x, line, start) = (left, line + 1.0, places.len());
        }
        places.push((x, line));
        x += width + 22.0;
    }
    centre(&mut places[start..], x - 22.0);
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(low: f64, high: f64, log: bool) -> Vec<String> {
        Axis { low, high, log }.ticks(400.0, 72.0).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(texts(-1.1, 2.1, false), ["−1", "0", "1", "2"]);
        assert_eq!(texts(0.0, 1.0, false), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(texts(0.0, 10_000.0, false), ["0", "2000", "4000", "6000", "8000", "10000"]);
        assert_eq!(texts(1e-6, 3e-6, false), ["1.0e−6", "1.5e−6", "2.0e−6", "2.5e−6", "3.0e−6"]);
        assert_eq!(texts(1e-3, 10.0, true), ["10^−3", "10^−2", "10^−1", "10^0", "10^1"]);
        assert_eq!(texts(1e-12, 1.0, true), ["10^−12", "10^−9", "10^−6", "10^−3", "10^0"]);
        assert_eq!(texts(0.15, 3.0, true), ["0.2", "0.5", "1", "2"]);
    }

    #[test]
    fn ranges_leave_outliers_out() {
        let mut values: Vec<f64> = (0..1000).map(|i| f64::from(i) / 1000.0).collect();
        let axis = |values: &[f64]| Axis::over("x", values.to_vec(), None, false).unwrap();
        let bare = axis(&values);
        values.extend([1e9, -1e30]);
        let with = axis(&values);
        assert!((bare.low - with.low).abs() < 1e-9 && (bare.high - with.high).abs() < 1e-9, "{with:?}");
        // Of few points none is left out, and one point has room about it.
        assert!(axis(&[0.0, 1.0, 1e9]).high > 1e9);
        assert!(axis(&[3.0]).low < 3.0 && axis(&[3.0]).high > 3.0 && axis(&[0.0, 0.0]).high > 0.0);
        for asked in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
            assert!(Axis::over("x", vec![0.0], Some(asked), false).is_err(), "{asked:?}");
        }
        assert!(Axis::over("x", vec![1.0], Some((0.0, 1.0)), true).is_err());
    }

    proptest! {
        #[test]
        fn ticks_are_few_inside_and_apart(low in -1e12_f64..1e12, exponent in -14.0_f64..13.0, pixels in 60.0_f64..2000.0) {
            let high = low + 10_f64.powf(exponent);
            prop_assume!((high - low) > 1e-10 * low.abs().max(high.abs()));
            let axis = Axis { low, high, log: false };
            let ticks = axis.ticks(pixels, 72.0);
            prop_assert!(ticks.len() <= (pixels / 72.0) as usize + 3, "{}", ticks.len());
            prop_assert!(ticks.iter().all(|(x, _)| (-1e-3..=1.001).contains(&axis.share(*x))));
            prop_assert!(ticks.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }

        #[test]
        fn what_is_clipped_lies_on_the_segment_and_inside(points in prop::array::uniform4(-500.0_f64..1500.0)) {
            let axis = Axis { low: 0.0, high: 1.0, log: false };
            let frame = Frame { left: 50.0, right: 600.0, top: 40.0, bottom: 500.0, x: axis, y: axis, spacing: 50.0 };
            let (from, to) = ((points[0], points[1]), (points[2], points[3]));
            match frame.clip(from, to) {
                Some(ends) => for (x, y) in ends {
                    prop_assert!((49.999..600.001).contains(&x) && (39.999..500.001).contains(&y));
                    let cross = (to.0 - from.0) * (y - from.1) - (to.1 - from.1) * (x - from.0);
                    prop_assert!(cross.abs() < 1e-6);
                },
                // A segment that is left out has no point inside.
                None => for k in 0..=50 {
                    let s = f64::from(k) / 50.0;
                    prop_assert!(!frame.holds((from.0 + s * (to.0 - from.0), from.1 + s * (to.1 - from.1))));
                },
            }
        }
    }
}
