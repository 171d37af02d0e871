//! Axes: the range that shows the data, and round numbers along it.

use crate::error::{Error, Result};

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
    pub fn share(&self, value: f64) -> f64 {
        if self.log {
            (value.log10() - self.low.log10()) / (self.high.log10() - self.low.log10())
        } else {
            (value - self.low) / (self.high - self.low)
        }
    }

    /// Positions and texts, at most about one in `spacing` pixels.
    pub fn ticks(&self, pixels: f64, spacing: f64) -> Vec<(f64, String)> {
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
        let mut rough = (self.high - self.low) / most;
        loop {
            let power = 10_f64.powf(rough.log10().floor());
            let step = power * [1.0, 2.0, 5.0].into_iter().find(|x| x * power >= rough * 0.999).unwrap_or(10.0);
            let (first, last) = ((self.low / step).ceil(), (self.high / step).floor());
            // A short axis may lie between two round numbers; the bound ends the search where numbers run out of digits.
            if last - first < 1.0 && rough > 1e-12 * self.low.abs().max(self.high.abs()) {
                rough *= 0.5;
                continue;
            }
            let count = (last - first + 1.0).clamp(0.0, 2.0 * most + 2.0) as u32;
            return (0..count).map(|i| (first + f64::from(i)) * step).map(|x| (x, number(x, step))).collect();
        }
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
            // Where less than two fives fit, up to five twos do, however short the axis is.
            prop_assert!(ticks.len() <= ((pixels / 72.0) as usize + 3).max(5), "{}", ticks.len());
            prop_assert!(ticks.iter().all(|(x, _)| (-1e-3..=1.001).contains(&axis.share(*x))));
            prop_assert!(ticks.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }
}
