//! The text of kernels, and how it is put together.

use std::fmt::Write;

/// A text for NVRTC (or for the CPU header), and the kernels in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Source {
    /// What it is for, in messages and as the file's name in NVRTC's log: the model's name, such as `Moons`.
    pub(crate) name: String,
    /// CUDA C without headers, without the prelude of intrinsics, which the backend puts before it.
    pub(crate) text: String,
    /// Entry points, `extern "C"`.
    pub(crate) kernels: Vec<String>,
}

/// Lines with indentation.
#[derive(Default)]
pub(crate) struct Writer {
    text: String,
    depth: usize,
}

impl Writer {
    /// One line; an empty one stays empty.
    pub(crate) fn line(&mut self, line: impl std::fmt::Display) {
        let start = self.text.len();
        let _ = write!(self.text, "{:indent$}{line}", "", indent = 2 * self.depth);
        if self.text[start..].trim().is_empty() {
            self.text.truncate(start);
        }
        self.text.push('\n');
    }

    /// A line that ends with `{`, what `body` writes, and `}`.
    pub(crate) fn block(&mut self, head: impl std::fmt::Display, body: impl FnOnce(&mut Self)) {
        self.line(format!("{head} {{").trim_start());
        self.depth += 1;
        body(self);
        self.depth -= 1;
        self.line("}");
    }

    /// Lines of a text as they stand.
    pub(crate) fn text(&mut self, text: &str) {
        for line in text.lines() {
            self.line(line);
        }
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }
}

/// A number as CUDA C reads it back exactly.
pub(crate) fn float(value: f32) -> String {
    if value.is_finite() {
        let text = format!("{value:?}");
        format!("{text}f")
    } else if value.is_nan() {
        "(0.0f / 0.0f)".to_owned()
    } else if value > 0.0 {
        "(1.0f / 0.0f)".to_owned()
    } else {
        "(-1.0f / 0.0f)".to_owned()
    }
}

/// As [`float`], in double precision.
pub(crate) fn double(value: f64) -> String {
    if value.is_finite() { format!("{value:?}") } else { float(value as f32).replace('f', "") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_back() {
        assert_eq!(float(1.0), "1.0f");
        assert_eq!(float(1e-9), "1e-9f");
        assert_eq!(float(-0.1), "-0.1f");
        assert_eq!(double(0.1), "0.1");
        assert_eq!(double(f64::NEG_INFINITY), "(-1.0 / 0.0)");
    }

    #[test]
    fn blocks_are_indented() {
        let mut out = Writer::default();
        out.block("if (a)", |out| out.line("b();"));
        assert_eq!(out.finish(), "if (a) {\n  b();\n}\n");
    }
}
