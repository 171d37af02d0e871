//! The plotting area: it maps numbers to pixels, clips, and draws axes and legend.

use super::{
    Options,
    axes::Axis,
    canvas::{Anchor, Color, Drawn, FAINT, GRID, INK, Pen, text_width, tick_width},
};

const TICK_TEXT: f64 = 14.0;
const LABEL_TEXT: f64 = 16.0;
const TITLE_TEXT: f64 = 20.0;
const LEGEND_TEXT: f64 = 15.0;
const LEGEND_LINE: f64 = 22.0;
/// Numbers are wider than high.
const SPACING_X: f64 = 72.0;
const SPACING_Y: f64 = 56.0;
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
        let mut frame = Self { left: 0.0, right: width - 20.0, top, bottom, x, y, spacing: SPACING_Y };
        frame.left = frame.room_for_ticks(options);
        frame
    }

    /// Where the frame can begin: right of the label and of the widest number on the vertical axis.
    fn room_for_ticks(&self, options: &Options) -> f64 {
        let ticks = self.y.ticks(self.bottom - self.top, self.spacing);
        let widest = ticks.iter().map(|(_, text)| tick_width(text, TICK_TEXT)).fold(0.0, f64::max);
        widest + if options.y_label.is_empty() { 20.0 } else { 44.0 }
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
        self.equalize(options);
        // Another range can have wider numbers along it.
        let left = self.room_for_ticks(options);
        if left > self.left {
            self.left = left;
            self.equalize(options);
        }
        self
    }

    fn equalize(&mut self, options: &Options) {
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

    proptest! {
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
