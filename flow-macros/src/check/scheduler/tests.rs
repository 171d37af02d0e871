use crate::{
    ast::{File, Item},
    check::check_module,
    error::Errors,
    expand::expand_module,
    ir,
    parse::parse_file,
};

fn check(text: &str) -> (Vec<ir::Scheduler>, Vec<(String, String)>) {
    let mut cx = Errors::default();
    let file: File = parse_file(text.parse().expect("tokens"), &mut cx);
    assert!(file.items.iter().all(|item| matches!(item, Item::Scheduler(_))));
    let module = check_module(&file, &mut cx);
    syn::parse2::<syn::File>(expand_module(&module)).expect("the expansion is a file");
    let errors = match cx.finish() {
        Ok(()) => Vec::new(),
        Err(error) => {
            error.into_iter().map(|error| (error.span().source_text().unwrap_or_default(), error.to_string())).collect()
        }
    };
    let schedulers = module.items.into_iter().filter_map(|item| match item {
        ir::Item::Scheduler(scheduler) => Some(scheduler),
        _ => None,
    });
    (schedulers.collect(), errors)
}

#[track_caller]
fn accept(text: &str) -> ir::Scheduler {
    let (mut schedulers, errors) = check(text);
    assert_eq!(errors, [], "{text}");
    schedulers.pop().expect("a scheduler")
}

/// The errors of one scheduler, which is declared all the same.
#[track_caller]
fn refuse(text: &str, expected: &[(&str, &str)]) {
    let (schedulers, errors) = check(text);
    let errors: Vec<(&str, &str)> = errors.iter().map(|(span, text)| (span.as_str(), text.as_str())).collect();
    assert_eq!(errors, expected, "{text}");
    assert_eq!(schedulers.len(), 1, "{text}");
    assert_eq!(schedulers[0].head.name, "S");
}

#[test]
fn the_usual_schedulers_and_their_intervals() {
    for (text, expected) in [
        ("scheduler S { alpha: t, sigma: 1 - t }", [false, false]),
        ("scheduler S(n = 2.0) { alpha: pow(t, n), sigma: 1 - pow(t, n) }", [false, false]),
        ("scheduler S { alpha: sin(pi / 2 * t), sigma: cos(pi / 2 * t) }", [false, false]),
        ("scheduler S { alpha: t, sigma: sqrt(1 - t * t) }", [false, true]),
        ("scheduler S { alpha: sqrt(t), sigma: 1 - t, }", [true, false]),
        (
            "scheduler S(a = 0.1, b = 20) {
                alpha: exp(-(b - a) / 4 * pow(1 - t, 2) - a / 2 * (1 - t)),
                sigma: sqrt(1 - exp(-(b - a) / 2 * pow(1 - t, 2) - a * (1 - t))),
                boundary: 0.01,
            }",
            [false, true],
        ),
    ] {
        let scheduler = accept(text);
        assert_eq!([scheduler.open_start, scheduler.open_end], expected, "{text}");
    }
}

#[test]
fn ends_that_are_not_met() {
    refuse(
        "scheduler S { alpha: t / 2, sigma: 1 - t }",
        &[("t / 2", "alpha(1) is 0.5, expected 1\nhelp: `alpha` is to go from 0 at t = 0 to 1 at t = 1")],
    );
    refuse(
        "scheduler S { alpha: t, sigma: 1.05 - t }",
        &[
            ("1.05 - t", "sigma(0) is 1.05, expected 1\nhelp: if it is to hold only nearly, say so: `boundary: 0.06`"),
            ("1.05 - t", "sigma(1) is 0.05, expected 0\nhelp: if it is to hold only nearly, say so: `boundary: 0.06`"),
        ],
    );
    refuse(
        "scheduler S { alpha: t, sigma: 1 - 0.99 * t, boundary: 0.001 }",
        &[(
            "1 - 0.99 * t",
            "sigma(1) is 0.01, expected 0 to within `boundary: 0.001`\n\
             help: if it is to hold only nearly, say so: `boundary: 0.02`",
        )],
    );
    refuse(
        "scheduler S { alpha: 1 - t, sigma: t }",
        &[(
            "1 - t",
            "alpha goes from 1 to 0, expected from 0 to 1\n\
             help: write `1 - t` for `t`: the source is at t = 0, the data at t = 1",
        )],
    );
}

#[test]
fn a_boundary_is_a_small_number_that_is_needed() {
    refuse(
        "scheduler S { alpha: t, sigma: 1 - t, boundary: 0.01 }",
        &[("boundary", "`boundary` is not needed, for `alpha` and `sigma` meet both ends\nhelp: remove it")],
    );
    let help = "help: `boundary` says how nearly `alpha` and `sigma` meet 0 and 1, as in `boundary: 0.01`";
    for (value, shown) in [("0", "0"), ("-0.1", "-0.1"), ("1 / 2", "0.5")] {
        refuse(
            &format!("scheduler S {{ alpha: t, sigma: 1 - t, boundary: {value} }}"),
            &[(value, &format!("`boundary` is {shown}, expected a number between 0 and 0.5\n{help}"))],
        );
    }
    refuse(
        "scheduler S { alpha: t, sigma: 1 - t, boundary: t }",
        &[("t", "a default is one number, so it cannot depend on `t`")],
    );
}

#[test]
fn curves_that_are_not_finite_or_do_not_grow() {
    refuse(
        "scheduler S { alpha: t, sigma: 1 - t + 0 * (1 / (t - 1 / 2)) }",
        &[(
            "1 - t + 0 * (1 / (t - 1 / 2))",
            "sigma(0.5) is NaN, expected a finite number\nhelp: `sigma` is to be finite between t = 0 and t = 1",
        )],
    );
    refuse(
        "scheduler S { alpha: t + 0 * sqrt(pow(t - 0.5, 2)), sigma: 1 - t - (sqrt(pow(t - 0.5, 2)) - 0.5) * t * (1 - t) }",
        &[(
            "1 - t - (sqrt(pow(t - 0.5, 2)) - 0.5) * t * (1 - t)",
            "the derivative of sigma is NaN at t = 0.5\n\
             help: only at t = 0 and t = 1 may a derivative have a pole",
        )],
    );
    let (_, errors) = check("scheduler S { alpha: pow(sin(pi / 2 * 3 * t), 2), sigma: 1 - t }");
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].0, "pow(sin(pi / 2 * 3 * t), 2)");
    assert!(errors[0].1.starts_with("alpha / sigma goes from "), "{}", errors[0].1);
    assert!(errors[0].1.ends_with("expected it to grow\nhelp: `alpha` is to rise from 0 to 1"), "{}", errors[0].1);
    let (_, errors) = check("scheduler S { alpha: t, sigma: 1 - t * (3 - 2 * t) }");
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].0, "1 - t * (3 - 2 * t)");
    assert!(
        errors[0].1.ends_with("\nhelp: `sigma` is to fall from 1 to 0 and to stay above 0 before t = 1"),
        "{}",
        errors[0].1
    );
}

#[test]
fn keys_that_are_missing_or_constant() {
    refuse("scheduler S { alpha: t }", &[("S", "scheduler `S` has no `sigma`\nhelp: add `sigma: 1 - t,`")]);
    refuse(
        "scheduler S { }",
        &[
            ("S", "scheduler `S` has no `alpha`\nhelp: add `alpha: t,`"),
            ("S", "scheduler `S` has no `sigma`\nhelp: add `sigma: 1 - t,`"),
        ],
    );
    refuse(
        "scheduler S { alpha: 1, sigma: 1 - t }",
        &[("1", "`alpha` does not depend on `t`\nhelp: it is to go from 0 at t = 0 to 1 at t = 1")],
    );
    // What was misspelt is not missing.
    refuse(
        "scheduler S { alfa: t, sigma: 1 - t }",
        &[("alfa", "unknown key `alfa` of a scheduler\nhelp: did you mean `alpha`?")],
    );
}

#[test]
fn parameters() {
    refuse(
        "scheduler S(n = 2, n = 3) { alpha: pow(t, n), sigma: 1 - t }",
        &[("n", "parameter `n` is declared twice\nhelp: remove one of the two"), ("n", "`n` was first declared here")],
    );
    refuse(
        "scheduler S(n = 2, k = 1) { alpha: pow(t, n), sigma: 1 - t }",
        &[("k", "parameter `k` is not used\nhelp: use it in `alpha` or `sigma`, or remove it")],
    );
    refuse(
        "scheduler S(n) { alpha: pow(t, n), sigma: 1 - t }",
        &[("n", "parameter `n` has no default\nhelp: write `n = 1.0`")],
    );
    refuse(
        "scheduler S(n = 1 / 0) { alpha: pow(t, n), sigma: 1 - t }",
        &[("1 / 0", "the value is inf, expected a finite number")],
    );
    refuse(
        "scheduler S(pi = 3) { alpha: pow(t, pi), sigma: 1 - t }",
        &[("pi", "`pi` is the constant, so a parameter needs another name")],
    );
    refuse(
        "scheduler S(fn = 3) { alpha: t, sigma: 1 - t }",
        &[("fn", "expected the name of a parameter, not the keyword `fn`\nhelp: write `n = 2.0`")],
    );
}

/// With other parameters the struct is declared with those.
#[test]
fn a_scheduler_with_a_mistake_keeps_its_parameters() {
    let (schedulers, errors) = check("pub scheduler S(n = 2, m = x) { alpha: pow(t, n), sigma: wrong }");
    assert_eq!(errors.len(), 2);
    let names: Vec<String> = schedulers[0].parameters.iter().map(|parameter| parameter.name.to_string()).collect();
    assert_eq!(names, ["n", "m"]);
    assert_eq!(schedulers[0].parameters[0].default, 2.0);
}

#[test]
fn several_mistakes_are_all_reported() {
    let (schedulers, errors) = check(
        "scheduler A(k = 1) { alpha: tt, sigma: cosine(t) + u, boundary: 7 }
         scheduler B { alpha: t, sigma: 2 - t }
         scheduler C;
         scheduler D { alpha: t, sigma: 1 - t }",
    );
    let spans: Vec<&str> = errors.iter().map(|(span, _)| span.as_str()).collect();
    assert_eq!(spans[1..], ["7", "tt", "cosine", "u", "2 - t", "2 - t"], "{errors:?}");
    assert_eq!(errors[0].1, "scheduler `C` has no body\nhelp: write `scheduler C { alpha: t, sigma: 1 - t }`");
    let names: Vec<String> = schedulers.iter().map(|scheduler| scheduler.head.name.to_string()).collect();
    assert_eq!(names, ["A", "B", "C", "D"]);
}

#[test]
fn the_expansion_shows_the_derivatives() {
    let mut cx = Errors::default();
    let text = "/// Mine.\npub scheduler S(n = 2.0) { alpha: pow(t, n), sigma: 1 - pow(t, n) }";
    let file = parse_file(text.parse().expect("tokens"), &mut cx);
    let module = check_module(&file, &mut cx);
    let output = prettyplease::unparse(&syn::parse2(expand_module(&module)).expect("a file"));
    for part in [
        "/// Mine.\n///\n/// The interpolation",
        "/// | `alpha(t)` | `pow(t, n)` | `n * pow(t, n - 1)` |",
        "/// | `sigma(t)` | `1 - pow(t, n)` | `-(n * pow(t, n - 1))` |",
        "/// The derivatives are finite on `[0, 1]`.",
        "    /// Parameter `n`, by default 2.\n    pub n: ::core::primitive::f64,",
        "pub fn new(n: ::core::primitive::f64) -> ::flow_runtime::__private::Result<Self>",
        "self.n * ::flow_runtime::__private::math::pow(__flow_t, self.n - 1.0)",
        "open_start: false",
    ] {
        assert!(output.contains(part), "{part}\n{output}");
    }
    assert!(!output.contains(" std::") && !output.contains("BOUNDARY"), "{output}");
}

/// Whatever the numbers do, there is an answer: an error at the item, never a panic.
#[test]
fn hostile_expressions_end_in_errors() {
    for expression in [
        "1 / 0 * t",
        "pow(0, -1) * t",
        "pow(t, 1e308)",
        "pow(1e308, 1e308 * t)",
        "ln(-t)",
        "sqrt(-1 - t)",
        "exp(exp(exp(exp(1000 * t))))",
        "tan(pi / 2 + t)",
        "t / t",
        "0 * t",
        "t - t",
        "()",
        "-",
        "t t",
        "[t]",
        "|t| t",
        "{ t }",
        "t as f64",
        "..",
        "r#t",
        "'a'",
        "pow(t, pow(t, pow(t, -1e300)))",
    ] {
        let (schedulers, errors) = check(&format!("scheduler S {{ alpha: {expression}, sigma: 1 - t }}"));
        assert!(!errors.is_empty(), "{expression}");
        assert_eq!(schedulers.len(), 1, "{expression}");
    }
}
