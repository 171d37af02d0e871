use super::*;
use crate::error::Errors;
use proptest::prelude::*;
use syn::Ident;

fn names() -> Vec<Ident> {
    vec![quote::format_ident!("n"), quote::format_ident!("k")]
}

fn try_read(text: &str) -> Result<Expression, Vec<String>> {
    let names = names();
    let mut cx = Errors::default();
    let tokens = text.parse().expect("tokens");
    let expression = Expression::read(&tokens, &Scope { time: true, parameters: &names }, &mut cx);
    match cx.finish() {
        Ok(()) => Ok(expression.expect("an expression or an error")),
        Err(errors) => Err(errors.into_iter().map(|error| error.to_string()).collect()),
    }
}

fn read(text: &str) -> Expression {
    try_read(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

fn derivative(text: &str) -> String {
    read(text).simplified().derivative().text(&names())
}

#[test]
fn derivatives_read_as_a_person_writes_them() {
    for (expression, expected) in [
        ("t", "1"),
        ("1 - t", "-1"),
        ("n", "0"),
        ("sin(pi / 2 * t)", "pi / 2 * cos(pi / 2 * t)"),
        ("cos(pi / 2 * t)", "-(pi / 2 * sin(pi / 2 * t))"),
        ("pow(t, 3)", "3 * pow(t, 2)"),
        ("pow(t, 2)", "2 * t"),
        ("pow(t, n)", "n * pow(t, n - 1)"),
        ("1 - pow(t, n)", "-(n * pow(t, n - 1))"),
        ("sqrt(1 - t * t)", "-(t / sqrt(1 - t * t))"),
        ("exp(-2 * t)", "-2 * exp(-2 * t)"),
        ("ln(1 + t)", "1 / (1 + t)"),
        ("tan(t)", "1 / pow(cos(t), 2)"),
        ("tanh(3 * t)", "3 * (1 - pow(tanh(3 * t), 2))"),
        ("pow(n, t)", "ln(n) * pow(n, t)"),
        ("t / (1 + t)", "1 / pow(1 + t, 2)"),
        ("t / n", "1 / n"),
        ("pow(t, 1 / 2)", "0.5 * pow(t, -0.5)"),
        ("2 * (3 * t)", "6"),
    ] {
        assert_eq!(derivative(expression), expected, "{expression}");
    }
}

#[test]
fn simplification_folds_and_never_hides_a_pole() {
    for (expression, expected) in [
        ("0 * sin(t)", "0"),
        ("1 * t + 0", "t"),
        ("t - t", "0"),
        ("t + t", "2 * t"),
        ("pow(t, 0)", "1"),
        ("pow(1, t)", "1"),
        ("-(-t)", "t"),
        ("t - -n", "t + n"),
        ("-1 * (t - n)", "n - t"),
        ("(2 * t) / (4 * n)", "t / (2 * n)"),
        ("t * (2 * (n * 3))", "6 * (t * n)"),
        ("6 * t / 3", "2 * t"),
        ("-2 * t / 4", "-(t / 2)"),
        ("2 * t / 3", "2 * t / 3"),
        ("n - -2 * t", "n + 2 * t"),
        ("n + -2 * t", "n - 2 * t"),
        ("(1 + t) - t", "1"),
        ("1e300 * t / 1e-300", "1e300 * t / 1e-300"),
        ("1 / 0", "1 / 0"),
        ("2 * t / 0", "2 * t / 0"),
        ("pow(0, -1)", "pow(0, -1)"),
        ("ln(0) * t", "ln(0) * t"),
        ("pow(10, 400)", "pow(10, 400)"),
    ] {
        assert_eq!(read(expression).simplified().text(&names()), expected, "{expression}");
    }
}

#[test]
fn text_keeps_the_parentheses_that_matter() {
    for text in [
        "(t + n) * k",
        "t - (n - k)",
        "t / (n * k)",
        "t / n * k",
        "-(t + n)",
        "-t * n",
        "pow(t + n, k - 1)",
        "(t - -n) / -k",
        "1e-9 * t",
    ] {
        let expression = read(text);
        assert_eq!(expression.text(&names()), text);
        assert_eq!(read(&expression.text(&names())), expression);
    }
}

#[test]
fn tokens_are_absolute_paths() {
    let tokens = read("n * pow(t, 2) - sin(pi * t)").tokens(
        &quote::quote!(::rt::__private::math),
        &quote::format_ident!("__flow_t"),
        &names(),
    );
    assert_eq!(
        tokens.to_string().replace(' ', ""),
        "self.n*::rt::__private::math::pow(__flow_t,2.0)-::rt::__private::math::sin(::core::f64::consts::PI*__flow_t)"
    );
}

#[test]
fn mistakes_are_named_with_their_remedy() {
    for (text, expected) in [
        ("t ^ 2", &["`^` is not a power in Rust\nhelp: write a power as `pow(t, 2)`"][..]),
        ("t ** 2", &["unknown operator `**`\nhelp: write a power as `pow(t, 2)`"]),
        ("sine(t)", &["unknown function `sine`\nhelp: did you mean `sin`?"]),
        ("PI * t", &["unknown name `PI`\nhelp: did you mean `pi`?"]),
        (
            "f64::consts::PI * t",
            &[
                "an expression cannot use a path\nhelp: constants are written as numbers, or `pi`; what may vary is a parameter",
            ],
        ),
        ("sin * t", &["`sin` is a function\nhelp: write `sin(t)`"]),
        ("t(1 - t)", &["`t` is not a function\nhelp: write a product as `t * (…)`"]),
        ("2t", &["`t` is not a suffix\nhelp: write a product as `2 * t`"]),
        ("2.5f64", &["a number has no suffix here\nhelp: write `2.5`"]),
        ("1e999", &["the number does not fit into `f64`"]),
        ("\"t\"", &["expected a number"]),
        ("t.sin()", &["an expression has no methods\nhelp: write `sin(…)` around the value"]),
        ("pow(t)", &["`pow` takes 2 arguments, not 1\nhelp: write `pow(base, exponent)`"]),
        ("exp()", &["`exp` takes 1 argument, not 0\nhelp: write `exp(x)`"]),
        ("sin(t, 2)", &["`sin` takes 1 argument, not 2\nhelp: write `sin(x)`"]),
        ("t +", &["the expression is not complete after this"]),
        ("t % 2", &["unknown operator\nhelp: the operators are `+`, `-`, `*`, `/`"]),
        ("!t", &["unknown operator\nhelp: the operators are `+`, `-`, `*`, `/`"]),
        (
            "if t > 0 { t } else { 0 }",
            &["an expression has numbers, `t`, parameters, `pi`, `+ - * /`, parentheses and functions only"],
        ),
        (
            "x + cosine(t)",
            &[
                "unknown name `x`\nhelp: expected one of `k`, `n`, `pi`, `t`",
                "unknown function `cosine`\nhelp: did you mean `cos`?",
            ],
        ),
    ] {
        let errors = try_read(text).expect_err(text);
        assert_eq!(errors, expected, "{text}");
    }
}

#[test]
fn size_and_nesting_are_bounded() {
    let nested = format!("{}t{}", "(".repeat(10_000), ")".repeat(10_000));
    let signs = format!("{} t", "-".repeat(10_000));
    let sum = vec!["t"; 10_000].join(" + ");
    for hostile in [nested, signs, sum] {
        let errors = try_read(&hostile).expect_err("too large");
        assert!(errors.len() == 1 && errors[0].starts_with("the expression is too large\nhelp: "), "{errors:?}");
    }
    let deepest = format!("{}t{}", "sin(".repeat(32), ")".repeat(32));
    assert!(read(&deepest).simplified().derivative().evaluate(0.3, &[]).is_finite());
    let longest = vec!["t"; 256].join(" * ");
    let slope = read(&longest).simplified().derivative().evaluate(1.0, &[]);
    assert_eq!(slope, 256.0);
}

#[test]
fn poles_at_the_ends() {
    let open = |text: &str| {
        let slope = read(text).simplified().derivative();
        [0.0, 1.0].map(|end| has_pole(|t| slope.evaluate(t, &[2.0, 3.0]), end))
    };
    for (text, expected) in [
        ("t", [false, false]),
        ("pow(t, n)", [false, false]),
        ("sin(pi / 2 * t)", [false, false]),
        ("exp(-40 * t)", [false, false]),
        ("sqrt(1 - t * t)", [false, true]),
        ("sqrt(t)", [true, false]),
        ("pow(t, 0.9)", [true, false]),
        // The cosine is 6e-17 at t = 1, so the pole shows only in the growth.
        ("sqrt(cos(pi / 2 * t))", [false, true]),
        ("t * ln(t)", [true, false]),
        ("ln(1.00000000001 - t)", [false, true]),
        ("1 - sqrt(1 - t)", [false, true]),
    ] {
        assert_eq!(open(text), expected, "{text}");
    }
}

#[test]
fn numbers_in_messages() {
    for (x, text) in [
        (0.5, "0.5"),
        (0.0, "0"),
        (1.0, "1"),
        (0.006_571_234, "0.006571"),
        (6.123_456e-17, "6.123e-17"),
        (f64::NAN, "NaN"),
        (f64::INFINITY, "inf"),
        (-1234.56, "-1235"),
    ] {
        assert_eq!(show(x), text);
    }
}

/// Expressions over `t`, `pi` and two parameters.
fn expressions() -> impl Strategy<Value = Expression> {
    let leaf = prop_oneof![
        3 => Just(Expression::Time),
        1 => Just(Expression::Pi),
        1 => (0usize..2).prop_map(Expression::Parameter),
        2 => (-4i32..5).prop_map(|n| Expression::Number(f64::from(n))),
        1 => (0.1f64..3.0).prop_map(Expression::Number),
    ];
    leaf.prop_recursive(5, 24, 2, |inner| {
        let operators =
            prop::sample::select(vec![Operator::Add, Operator::Subtract, Operator::Multiply, Operator::Divide]);
        prop_oneof![
            4 => (operators, inner.clone(), inner.clone())
                .prop_map(|(operator, x, y)| Expression::Binary(operator, Box::new(x), Box::new(y))),
            2 => (prop::sample::select(Function::ALL.to_vec()), inner.clone())
                .prop_map(|(function, x)| Expression::Call(function, Box::new(x))),
            1 => inner.clone().prop_map(|x| Expression::Negate(Box::new(x))),
            1 => (inner.clone(), inner).prop_map(|(x, y)| Expression::Power(Box::new(x), Box::new(y))),
        ]
    })
}

/// No part has a pole at `t`, leaves the domain of its function, or is so large that it swallows `t`.
fn is_regular(f: &Expression, t: f64) -> bool {
    let parameters = [1.3, 0.7];
    let inside = match f {
        Expression::Number(_) | Expression::Pi | Expression::Time | Expression::Parameter(_) => true,
        // Roots and powers have a pole in their derivative where the base vanishes.
        Expression::Call(Function::Sqrt, x) | Expression::Power(x, _) if x.evaluate(t, &parameters) == 0.0 => false,
        Expression::Negate(x) | Expression::Call(_, x) => is_regular(x, t),
        Expression::Power(x, y) if y.depends_on_time() && x.evaluate(t, &parameters) <= 0.0 => false,
        Expression::Binary(_, x, y) | Expression::Power(x, y) => is_regular(x, t) && is_regular(y, t),
    };
    inside && f.evaluate(t, &parameters).abs() < 1e4
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, max_global_rejects: 20_000, ..ProptestConfig::default() })]

    /// Against central differences of order four at two step sizes, where these agree with each other.
    #[test]
    fn the_derivative_is_the_limit_of_differences(f in expressions(), t in 0.05f64..0.95) {
        let parameters = [1.3, 0.7];
        let at = |x: f64| f.evaluate(x, &parameters);
        let difference = |h: f64| (8.0 * (at(t + h) - at(t - h)) - (at(t + 2.0 * h) - at(t - 2.0 * h))) / (12.0 * h);
        let (coarse, fine) = (difference(2e-4), difference(1e-4));
        let scale = 1.0 + fine.abs() + at(t).abs();
        prop_assume!(is_regular(&f, t) && scale < 1e6 && (coarse - fine).abs() < 1e-8 * scale);
        let derivative = f.simplified().derivative().evaluate(t, &parameters);
        prop_assert!((derivative - fine).abs() < 1e-6 * scale, "{} -> {derivative}, {fine}", f.text(&names()));
    }

    #[test]
    fn simplification_keeps_the_value(f in expressions(), t in 0.05f64..0.95) {
        let parameters = [1.3, 0.7];
        let (before, after) = (f.evaluate(t, &parameters), f.simplified().evaluate(t, &parameters));
        // Rounding in the argument of a function may be amplified, so neighbours bound what is asked.
        let near = f.evaluate(t * (1.0 + 1e-12), &parameters);
        prop_assume!(is_regular(&f, t) && (near - before).abs() < 1e-9 * (1.0 + before.abs()));
        prop_assert!((after - before).abs() <= 1e-8 * (1.0 + before.abs()), "{before} {after}");
    }

    /// It is C, but for `log` and the places of the parameters.
    #[test]
    fn text_for_a_device_is_the_same_function(f in expressions(), t in 0.05f64..0.95) {
        let text = f.device_text();
        prop_assert!(!text.contains("--"), "{text}");
        let again = read(&text.replace("log(", "ln(").replace("{0}", "n").replace("{1}", "k"));
        let (x, y) = (f.evaluate(t, &[1.3, 0.7]), again.evaluate(t, &[1.3, 0.7]));
        prop_assert!(x == y || (x.is_nan() && y.is_nan()), "{text}: {x} {y}");
    }

    /// A sign before a number is part of it, so only that may change on the way.
    #[test]
    fn what_is_printed_is_read_as_the_same_function(f in expressions(), t in 0.05f64..0.95) {
        let again = read(&f.text(&names()));
        let (x, y) = (f.evaluate(t, &[1.3, 0.7]), again.evaluate(t, &[1.3, 0.7]));
        prop_assert!(x == y || (x.is_nan() && y.is_nan()), "{x} {y}");
    }
}

#[test]
fn text_for_a_device() {
    for (text, expected) in [
        ("1 - pow(t, n)", "1.0 - pow(t, {0})"),
        ("-(n * k) / 3", "-({0} * {1}) / 3.0"),
        ("1 / 3 * ln(t)", "1.0 / 3.0 * log(t)"),
        ("sqrt(t) - (tan(t) - tanh(t))", "sqrt(t) - (tan(t) - tanh(t))"),
        ("sin(pi) * cos(t) / exp(t)", "sin(3.141592653589793) * cos(t) / exp(t)"),
        ("t * 1e30 + 1e-7", "t * 1e30 + 1e-7"),
    ] {
        assert_eq!(read(text).device_text(), expected);
    }
    // Two signs in a row would be C's decrement.
    assert_eq!(Expression::Negate(Box::new(Expression::Number(-1.0))).device_text(), "-(-1.0)");
}

#[test]
fn every_function_is_reserved() {
    let functions = Function::ALL.map(Function::name);
    let reserved: Vec<&str> = RESERVED[3..].to_vec();
    assert_eq!(reserved, functions);
    assert_eq!(RESERVED[..3], ["t", "pi", "pow"]);
}
