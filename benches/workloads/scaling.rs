//! How the cost of sampling grows with the batch, the steps and the width, and the picture of it.

use super::{
    arguments::Arguments,
    engine::sampler,
    family::{self, Member},
    measure::Row,
    moons::{self, Moons, MoonsRk4},
};
use flow_runtime::{
    plot::{Curve, Options},
    prelude::*,
};
use serde_json::json;
use std::{ops::Range, path::Path, rc::Rc, time::Instant};

/// What grows while the rest stays.
#[derive(Clone, Copy)]
pub enum Growing {
    Batch,
    Steps,
    Width,
}

/// Samples and steps where they do not grow.
const BATCH: usize = 2048;
const STEPS: usize = 4;
const BATCHES: [usize; 7] = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000];
const STEP_COUNTS: [usize; 5] = [10, 30, 100, 300, 1_000];
/// Evaluations in a step of `Rk4`.
const STAGES: usize = 4;
/// The runs of a size take this long at least, so that short ones are many, and none begins after the second.
const SECONDS_PER_SIZE: Range<f64> = 0.2..2.0;

/// One size: what is run for it.
struct Case {
    size: usize,
    batch: usize,
    steps: usize,
    member: Rc<Member>,
}

/// What was measured along one axis.
pub struct Cost {
    name: &'static str,
    sizes: Vec<usize>,
    /// Floating-point operations of a run, and its seconds.
    points: Vec<(f64, f64)>,
}

impl Growing {
    fn name(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Steps => "steps",
            Self::Width => "width",
        }
    }

    fn cases(self) -> Result<Vec<Case>, Error> {
        let model = moons::model()?;
        let transport = move |arguments: &Arguments, grid: &Grid, start: &Dataset| {
            sampler::<MoonsRk4>(arguments, &model).grid(grid.clone()).transport(start)
        };
        let moons = Rc::new(Member { flops: Moons::FLOPS, transport: Box::new(transport) });
        let case = |size, batch, steps, member| Case { size, batch, steps, member };
        Ok(match self {
            Self::Batch => BATCHES.map(|batch| case(batch, batch, STEPS, Rc::clone(&moons))).into(),
            Self::Steps => STEP_COUNTS.map(|steps| case(steps, BATCH, steps, Rc::clone(&moons))).into(),
            Self::Width => {
                let members = family::members().into_iter();
                members.map(|(width, member)| case(width, BATCH, STEPS, Rc::new(member))).collect()
            }
        })
    }

    /// Measures every size; each gives a row of its own.
    fn measure(self, row: impl Fn(&str) -> Row, arguments: &Arguments) -> Result<Cost, Error> {
        let cases = self.cases()?;
        // The first run of all starts threads and fetches pages.
        if let Some(case) = cases.first() {
            case.seconds(arguments)?;
        }
        let mut cost = Cost { name: self.name(), sizes: Vec::new(), points: Vec::new() };
        for case in cases {
            let mut row = row(&format!("scaling/{}/{}", self.name(), case.size));
            row.set("metric", "wall_s");
            row.set("unit", "s");
            row.statistics(&mut case.seconds(arguments)?);
            let (flops, seconds) = (case.flops(), row.median());
            row.set("extra", json!({ "gflop": flops / 1e9, "gflop_per_s": flops / 1e9 / seconds }));
            row.finish(arguments);
            cost.sizes.push(case.size);
            cost.points.push((flops, seconds));
        }
        Ok(cost)
    }

    /// Measures every size and fills in the slope of their costs.
    pub fn run(self, mut summary: Row, row: impl Fn(&str) -> Row, arguments: &Arguments) -> (Row, Option<Cost>) {
        match self.measure(row, arguments) {
            Ok(cost) => {
                summary.set("metric", "slope");
                summary.set("unit", "of log seconds over log work");
                summary.statistics(&mut [cost.slope()]);
                summary.set("extra", json!({ "sizes": &cost.sizes, "flops_and_seconds": &cost.points }));
                (summary, Some(cost))
            }
            Err(error) => (summary.failed(error), None),
        }
    }
}

impl Case {
    fn flops(&self) -> f64 {
        (self.batch * self.steps * STAGES) as f64 * self.member.flops as f64
    }

    /// The seconds of each run.
    fn seconds(&self, arguments: &Arguments) -> Result<Vec<f64>, Error> {
        let (start, grid) = (moons::start_points(self.batch)?, Grid::uniform(0.0, 1.0, self.steps)?);
        let (mut seconds, mut total) = (Vec::new(), 0.0);
        while total < SECONDS_PER_SIZE.start || seconds.len() < arguments.repeats && total < SECONDS_PER_SIZE.end {
            let began = Instant::now();
            (self.member.transport)(arguments, &grid, &start)?;
            seconds.push(began.elapsed().as_secs_f64());
            total += began.elapsed().as_secs_f64();
        }
        Ok(seconds)
    }
}

impl Cost {
    /// The exponent of the power of the work that fits the seconds best, by least squares of the logarithms.
    fn slope(&self) -> f64 {
        let count = self.points.len() as f64;
        let logarithms = || self.points.iter().map(|(flops, seconds)| (flops.ln(), seconds.ln()));
        let (x, y) = logarithms().fold((0.0, 0.0), |sum, (x, y)| (sum.0 + x / count, sum.1 + y / count));
        let (above, below) = logarithms()
            .map(|(flops, seconds)| (flops - x, seconds - y))
            .fold((0.0, 0.0), |sum, (x, y)| (sum.0 + x * y, sum.1 + x * x));
        above / below
    }

    /// Seconds for a unit of work, as a multiple of their geometric mean, over the work, as a multiple of the smallest.
    fn relative(&self) -> Vec<(f64, f64)> {
        let per_unit = |&(flops, seconds): &(f64, f64)| seconds / flops;
        let mean = self.points.iter().map(|point| per_unit(point).ln()).sum::<f64>() / self.points.len() as f64;
        let least = self.points.first().map_or(1.0, |point| point.0);
        self.points.iter().map(|point| (point.0 / least, per_unit(point) / mean.exp())).collect()
    }

    fn legend(&self) -> String {
        let (first, last) = (self.sizes.first().unwrap_or(&0), self.sizes.last().unwrap_or(&0));
        format!("{} {} to {}: slope {:.3}", self.name, grouped(*first), grouped(*last), self.slope())
    }
}

/// Draws what was measured; a cost that is linear in the work is a level line.
pub fn draw(costs: &[Cost], path: &Path) -> Result<(), Error> {
    let curves: Vec<(String, Vec<(f64, f64)>)> = costs.iter().map(|cost| (cost.legend(), cost.relative())).collect();
    let most = curves.iter().flat_map(|(_, points)| points).map(|point| point.0).fold(1.0, f64::max);
    let linear = [(0.5, 1.0), (2.0 * most, 1.0)];
    // The same range from one machine to the next, unless something lies outside it.
    let far = curves.iter().flat_map(|(_, points)| points).map(|point| point.1.max(1.0 / point.1));
    let reach = far.map(|far| 1.2 * far).fold(5.0, f64::max);
    let mut all: Vec<Curve> = curves.iter().map(|(name, points)| Curve::new(name, points)).collect();
    all.push(Curve::reference("linear", &linear));
    let options = Options {
        x_label: "work (samples, steps, or operations at the width), relative to the smallest".to_owned(),
        y_label: "time for a unit of work, relative to the mean".to_owned(),
        x_range: Some(linear[0].0).zip(Some(linear[1].0)),
        y_range: Some((1.0 / reach, reach)),
        ..Options::titled("Cost of sampling with Rk4: a level line is linear")
    };
    plot::log_log(path, &all, &options)
}

/// A number with its thousands apart.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
