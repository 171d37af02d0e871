//! One row of results, and how it is measured: a first run apart, warm-ups, then runs of which the median counts.

use super::{
    arguments::Arguments,
    machine::{Busy, Gpu},
};
use flow_runtime::engine::CudaPrecision;
use serde_json::{Map, Value, json};
use std::{error::Error, fs::OpenOptions, io::Write, time::Instant};

/// A row of the result file.
pub struct Row {
    fields: Map<String, Value>,
}

pub type Measured = Result<Value, Box<dyn Error>>;

impl Row {
    pub fn new(peer: &str, workload: &str, arguments: &Arguments) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let mut row = Row { fields: Map::new() };
        row.set("peer", peer);
        row.set("workload", workload);
        row.set("device", arguments.device.to_string());
        row.set("dtype", "f32");
        if arguments.on_gpu() {
            // As the peers say `f32/tf32`.
            if arguments.precision != CudaPrecision::Strict {
                row.set("dtype", format!("f32/{}", arguments.precision));
            }
            row.set("precision", arguments.precision.to_string());
            if let Some(gpu) = Gpu::find(arguments.device) {
                row.set("gpu", gpu.name);
                row.set("driver", gpu.driver);
            }
        }
        row.set("status", "ok");
        row.set("threads", json!({ "affinity": threads }));
        row.set("threads_asked", arguments.threads);
        row.set("versions", json!({ "flow-runtime": env!("CARGO_PKG_VERSION") }));
        row
    }

    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.fields.insert(key.to_owned(), value.into());
    }

    /// Whether this row is of that peer.
    pub fn is(&self, peer: &str) -> bool {
        self.fields.get("peer").and_then(Value::as_str) == Some(peer)
    }

    pub fn median(&self) -> f64 {
        self.fields.get("median").and_then(Value::as_f64).unwrap_or(f64::NAN)
    }

    /// The error in one line, as a table has it.
    pub fn failed(mut self, error: impl std::fmt::Display) -> Self {
        self.set("status", "failed");
        self.set("error", error.to_string().replace('\n', "; "));
        self
    }

    pub fn not_supported(mut self, why: &str) -> Self {
        self.set("status", "not supported");
        self.set("error", why);
        self
    }

    /// Runs `work` and fills in the rates: `units` of work in each run.
    pub fn rates(
        mut self,
        arguments: &Arguments,
        metric: &str,
        unit: &str,
        units: f64,
        mut work: impl FnMut() -> Measured,
    ) -> Self {
        self.set("metric", metric);
        self.set("unit", unit);
        let start = Instant::now();
        let mut extra = match work() {
            Ok(extra) => extra,
            Err(error) => return self.failed(error),
        };
        let first = start.elapsed().as_secs_f64();
        for _ in 0..arguments.warmup {
            if let Err(error) = work() {
                return self.failed(error);
            }
        }
        let mut rates = Vec::new();
        let (began, busy) = (Instant::now(), Busy::now());
        for _ in 0..arguments.repeats {
            let start = Instant::now();
            match work() {
                Ok(value) => extra = value,
                Err(error) => return self.failed(error),
            }
            rates.push(units / start.elapsed().as_secs_f64());
            if rates.len() >= 3 && began.elapsed().as_secs_f64() > arguments.max_seconds {
                break;
            }
        }
        if let Some(others) = busy.and_then(|busy| busy.others_since(began.elapsed().as_secs_f64())) {
            self.set("others_cpus", others);
        }
        self.statistics(&mut rates);
        let median = self.median();
        self.set("units_per_run", units);
        self.set("run_ms", 1e3 * units / median);
        self.set("first_run_s", first);
        self.set("compile_s_est", (first - units / median).max(0.0));
        self.set("extra", extra);
        self
    }

    /// Fills in median, minimum, maximum and count.
    pub fn statistics(&mut self, values: &mut [f64]) {
        values.sort_by(f64::total_cmp);
        let count = values.len();
        let median = (values[(count - 1) / 2] + values[count / 2]) / 2.0;
        self.set("median", median);
        self.set("min", values[0]);
        self.set("max", values[count - 1]);
        self.set("n", count);
    }

    /// Prints the row and appends it to the result file; `false` if it failed.
    pub fn finish(self, arguments: &Arguments) -> bool {
        let text = |key: &str| self.fields.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
        let number = |key: &str| self.fields.get(key).and_then(Value::as_f64).unwrap_or(f64::NAN);
        let (name, peer) = (text("workload"), text("peer"));
        let ok = text("status") == "ok";
        if ok {
            println!(
                "{name:<18} {peer:<14} {:>12.4} [{:.4} .. {:.4}] {} n={} others={} {}",
                number("median"),
                number("min"),
                number("max"),
                text("unit"),
                number("n"),
                self.fields.get("others_cpus").map_or("-".to_owned(), Value::to_string),
                self.fields.get("extra").unwrap_or(&Value::Null)
            );
        } else {
            println!("{name:<18} {peer:<14} {}: {}", text("status"), text("error"));
        }
        if let Some(path) = &arguments.out {
            let written = OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .and_then(|mut file| writeln!(file, "{}", Value::Object(self.fields)));
            if let Err(error) = written {
                eprintln!("error: writing {}: {error}", path.display());
                return false;
            }
        }
        ok
    }
}
