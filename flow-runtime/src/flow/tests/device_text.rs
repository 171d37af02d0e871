//! The text of a path for a device is the path.

use crate::{flow::DeviceText, flow_model, prelude::*};
use std::{fmt::Write, iter::Peekable, process::Command, str::Chars};

flow_model! {
    /// Every function, and a quotient of integers.
    scheduler Everything(n = 2.0, k = -0.25) {
        alpha: pow(t, n) * (1 + k * (1 - t) * (tanh(t) - tan(t / 2) + 1 / 3)),
        sigma: (1 - t) * exp(k * t) * sqrt(1 + t) * (1 - ln(1 + t) / 4) * cos(t / 3) * (1 + sin(pi * t) / 8),
    }
}

/// A value of C's grammar, by descent; every operation and function is that of the Rust code.
struct Reader<'a> {
    text: Peekable<Chars<'a>>,
    t: f64,
}

impl Reader<'_> {
    fn evaluate(text: &str, t: f64) -> f64 {
        let mut reader = Reader { text: text.chars().peekable(), t };
        let value = reader.sum();
        assert_eq!(reader.text.next(), None, "the end of {text}");
        value
    }

    fn next_is(&mut self, wanted: char) -> bool {
        while self.text.next_if_eq(&' ').is_some() {}
        self.text.next_if_eq(&wanted).is_some()
    }

    fn sum(&mut self) -> f64 {
        let mut value = self.product();
        loop {
            if self.next_is('+') {
                value += self.product();
            } else if self.next_is('-') {
                value -= self.product();
            } else {
                return value;
            }
        }
    }

    fn product(&mut self) -> f64 {
        let mut value = self.sign();
        loop {
            if self.next_is('*') {
                value *= self.sign();
            } else if self.next_is('/') {
                value /= self.sign();
            } else {
                return value;
            }
        }
    }

    fn sign(&mut self) -> f64 {
        if self.next_is('-') {
            assert_ne!(self.text.peek(), Some(&'-'), "C has a decrement");
            return -self.sign();
        }
        if self.next_is('(') {
            let value = self.sum();
            assert!(self.next_is(')'));
            return value;
        }
        let mut word = String::new();
        while let Some(letter) = self.text.next_if(|&c| c.is_ascii_alphanumeric() || c == '.' || word_goes_on(&word, c))
        {
            word.push(letter);
        }
        if word == "t" {
            return self.t;
        }
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            assert!(word.contains(['.', 'e']), "`{word}` is an integer in C");
            return word.parse().expect("a number");
        }
        assert!(self.next_is('('), "{word}");
        let x = self.sum();
        let value = match word.as_str() {
            "sin" => libm::sin(x),
            "cos" => libm::cos(x),
            "tan" => libm::tan(x),
            "tanh" => libm::tanh(x),
            "exp" => libm::exp(x),
            "log" => libm::log(x),
            "sqrt" => libm::sqrt(x),
            "pow" => {
                assert!(self.next_is(','));
                libm::pow(x, self.sum())
            }
            other => panic!("C has no `{other}`"),
        };
        assert!(self.next_is(')'));
        value
    }
}

/// `1e-7` is one word.
fn word_goes_on(word: &str, letter: char) -> bool {
    letter == '-' && word.ends_with('e') && word.starts_with(|c: char| c.is_ascii_digit())
}

const TIMES: [f64; 9] = [0.0, f64::from_bits(1), 1e-9, 0.1, 1.0 / 3.0, 0.5, 0.8, 1.0 - 1.2e-7, 1.0];

fn functions<S: Scheduler>(scheduler: &S, t: f64) -> [f64; 4] {
    [scheduler.alpha(t), scheduler.sigma(t), scheduler.d_alpha(t), scheduler.d_sigma(t)]
}

/// A scheduler's text, and the values of its functions at [`TIMES`].
fn case<S: Scheduler>(scheduler: S) -> (DeviceText, Vec<[f64; 4]>) {
    let text = scheduler.device_text().expect("finite parameters");
    assert_eq!(Affine(scheduler.clone()).device_text().as_ref(), Some(&text));
    (text, TIMES.iter().map(|&t| functions(&scheduler, t)).collect())
}

fn cases() -> Vec<(DeviceText, Vec<[f64; 4]>)> {
    let mut cases = vec![case(CondOt), case(Cosine), case(LinearVp)];
    cases.extend([1.0, 2.0, 0.1 + 0.2, 1e-7, 3.7, 1e22].map(|n| case(Polynomial { n })));
    let vp = [(0.1, 20.0), (1.0 / 3.0, 7.0), (0.0, 1e-5), (-0.1, 3.0)];
    cases.extend(vp.map(|(beta_min, beta_max)| case(Vp { beta_min, beta_max })));
    cases.extend([0.0, 1e-4, 0.1, 1.0 / 3.0].map(|sigma_min| case(OptimalTransport { sigma_min })));
    cases.extend([Everything::default(), Everything { n: 1.5, k: 0.1 }].map(case));
    cases
}

fn expressions(text: &DeviceText) -> [&str; 4] {
    [&text.alpha, &text.sigma, &text.d_alpha, &text.d_sigma]
}

/// Read with the functions that the Rust code calls, it gives the same bits, poles included.
#[test]
fn it_is_the_same_function_to_the_last_bit() {
    for (text, values) in cases() {
        for (&t, values) in TIMES.iter().zip(values) {
            for (expression, value) in expressions(&text).into_iter().zip(values) {
                let got = Reader::evaluate(expression, t);
                assert!(
                    got.to_bits() == value.to_bits() || (got.is_nan() && value.is_nan()),
                    "{expression} at {t}: {got} {value}"
                );
            }
        }
    }
}

/// A compiler reads it as it was meant. Its library may round a function otherwise, and a difference of two near numbers
/// makes that larger: hence the times in the middle and the tolerance.
#[test]
fn it_is_c() {
    if Command::new("g++").arg("--version").output().is_err() {
        eprintln!("skipped: no g++");
        return;
    }
    let (mut program, mut expected) = ("#include <cmath>\n#include <cstdio>\nint main() {\n".to_owned(), Vec::new());
    for (text, values) in cases() {
        for (&t, values) in TIMES.iter().zip(values).filter(|(t, _)| (0.1..=0.8).contains(*t)) {
            for (expression, value) in expressions(&text).into_iter().zip(values) {
                let _ = writeln!(
                    program,
                    "{{ double t = {t:?}; (void)t; double v = {expression}; printf(\"%.17g\\n\", v); }}"
                );
                expected.push(value);
            }
        }
    }
    program.push_str("}\n");
    let folder = tempfile::tempdir().expect("a folder");
    let (source, binary) = (folder.path().join("text.cpp"), folder.path().join("text"));
    std::fs::write(&source, program).expect("a file");
    let compiled =
        Command::new("g++").args(["-Wall", "-Werror", "-O0", "-o"]).arg(&binary).arg(&source).output().expect("g++");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let output = Command::new(&binary).output().expect("the program runs").stdout;
    let got: Vec<f64> = String::from_utf8_lossy(&output).lines().map(|line| line.parse().expect("a number")).collect();
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.into_iter().zip(expected) {
        assert!((got - expected).abs() <= 1e-14 * (1.0 + expected.abs()), "{got} {expected}");
    }
}

#[test]
fn what_has_no_text() {
    for n in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(Polynomial { n }.device_text(), None);
    }
    #[derive(Clone, Debug)]
    struct Arc;
    impl Path for Arc {
        fn interval(&self) -> Interval {
            Interval::CLOSED
        }
        fn sample(&self, _: f64, _: &[f32], _: &[f32], _: &mut [f32], _: &mut [f32]) {}
    }
    assert_eq!(Arc.device_text(), None);
}
