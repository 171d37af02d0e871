//! What Linux says about the machine and this process, on other systems nothing is known; and what the driver says about a GPU.

use flow_runtime::engine::Device;
use std::{fs, process::Command};

/// The unit of the times in `/proc`: `USER_HZ`, 100 on every architecture that Rust's standard library supports.
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor seconds spent so far.
#[derive(Clone, Copy)]
pub struct Busy {
    machine: f64,
    own: f64,
}

impl Busy {
    pub fn now() -> Option<Self> {
        let stat = fs::read_to_string("/proc/stat").ok()?;
        let machine: Vec<f64> =
            stat.lines().next()?.split_whitespace().skip(1).map(str::parse).collect::<Result<_, _>>().ok()?;
        // user, nice, system; then, past idle and waiting for disks, interrupts and what other virtual machines took.
        let machine = machine.get(..3)?.iter().chain(machine.get(5..8)?).sum::<f64>() / TICKS_PER_SECOND;
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // The name of the program stands in parentheses and may hold spaces; the state comes after it.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        Some(Self { machine, own: (user + system) / TICKS_PER_SECOND })
    }

    /// How many processors the rest of the machine kept busy in the `seconds` since then.
    pub fn others_since(self, seconds: f64) -> Option<f64> {
        let now = Self::now()?;
        let others = ((now.machine - self.machine) - (now.own - self.own)) / seconds;
        Some((100.0 * others).round() / 100.0)
    }
}

/// The most memory that this process has held so far, in MB (10⁶ bytes).
pub fn peak_memory_mb() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = peak.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

/// What the driver's own program says about a GPU.
pub struct Gpu {
    pub name: String,
    /// Version of the driver.
    pub driver: String,
}

impl Gpu {
    /// The GPU of that index; nothing if `nvidia-smi` is not there. It counts in the order of the bus, as CUDA does under
    /// `CUDA_DEVICE_ORDER=PCI_BUS_ID`.
    pub fn find(device: Device) -> Option<Self> {
        let index = match device {
            Device::Cuda(index) => index,
            _ => 0,
        };
        let asked = ["--query-gpu=name,driver_version", "--format=csv,noheader", &format!("--id={index}")];
        let output = Command::new("nvidia-smi").args(asked).output().ok().filter(|output| output.status.success())?;
        Self::read(&String::from_utf8_lossy(&output.stdout))
    }

    /// `NVIDIA H100 80GB HBM3, 580.95.05`
    pub fn read(line: &str) -> Option<Self> {
        let (name, driver) = line.lines().next()?.rsplit_once(',')?;
        Some(Self { name: name.trim().to_owned(), driver: driver.trim().to_owned() })
    }
}
