//! What is said to tables that are wrong, and where.

use super::check_module;
use crate::{error::Errors, ir, parse::parse_file};
use proc_macro2::TokenStream;

/// The solver of a `flow_model!` call, or each message with the tokens that it underlines.
fn check(source: &str) -> Result<ir::Solver, Vec<(String, String)>> {
    let tokens: TokenStream = source.parse().map_err(|error| vec![(String::new(), format!("{error}"))])?;
    let mut errors = Errors::default();
    let module = check_module(&parse_file(tokens, &mut errors), &mut errors);
    let messages: Vec<_> = match errors.finish() {
        Ok(()) => Vec::new(),
        Err(error) => error.into_iter().map(|e| (underlined(source, e.span()), e.to_string())).collect(),
    };
    match module.items.into_iter().next() {
        Some(ir::Item::Solver(solver)) if messages.is_empty() => Ok(solver),
        _ => Err(messages),
    }
}

fn underlined(source: &str, span: proc_macro2::Span) -> String {
    source.get(span.byte_range()).unwrap_or_default().to_owned()
}

/// The call in a file of `tests/ui`.
fn call(file: &str) -> &str {
    let start = file.find("flow_model! {").map_or(0, |at| at + "flow_model! {".len());
    let end = file.rfind("}\n\nfn main").unwrap_or(file.len());
    &file[start..end]
}

fn method(keys: &str, rows: &str) -> Result<ir::Solver, Vec<(String, String)>> {
    check(&format!("pub solver Test {{ {keys} tableau: {{ {rows} }} }}"))
}

fn messages(result: Result<ir::Solver, Vec<(String, String)>>) -> Vec<(String, String)> {
    result.err().unwrap_or_default()
}

/// The one message, which starts like this and stands there.
#[track_caller]
fn assert_message(result: Result<ir::Solver, Vec<(String, String)>>, token: &str, text: &str) {
    let messages = messages(result);
    assert_eq!(messages.len(), 1, "{messages:#?}");
    assert_eq!((messages[0].0.as_str(), messages[0].1.as_str()), (token, text));
}

const BS3: &str = "0 | ; 1/2 | 1/2; 3/4 | 0, 3/4; 1 | 2/9, 1/3, 4/9; | 2/9, 1/3, 4/9, 0; | 7/24, 1/4, 1/3, 1/8;";

#[test]
fn both_nodes_equal() {
    assert_message(
        check(call(include_str!("../../../tests/ui/tableau/gauss_legendre_4_nodes.rs"))),
        "1/2 - sqrt(3)/6",
        "row 2: the sum of `a` is 1/2 + sqrt(3)/6, but `c` is 1/2 - sqrt(3)/6\nhelp: with `c` = 1/2 + sqrt(3)/6 every \
         order condition holds",
    );
}

#[test]
fn swapped_weights() {
    let messages = messages(check(call(include_str!("../../../tests/ui/tableau/tsit5_swapped.rs"))));
    assert_eq!(messages.len(), 1, "{messages:#?}");
    assert_eq!(messages[0].0, "5");
    assert!(
        messages[0]
            .1
            .starts_with("the condition Σ b·c⁴ = 1/5 of order 5 gives 0.1994177836 (8 others of that order fail too"),
        "{}",
        messages[0].1
    );
    let help = "help: the two rows of weights are swapped: `b_hat` has order 5, and `b` has order 4";
    assert!(messages[0].1.ends_with(help), "{}", messages[0].1);
}

#[test]
fn a_wrong_digit() {
    assert_message(
        check(call(include_str!("../../../tests/ui/tableau/ken_carp_5_digit.rs"))),
        "3/5",
        "row 7: the sum of `a` and `c` differ by 2.1e-12, more than `tolerance: 1e-20`\nhelp: look for a wrong digit; if \
         every coefficient is as published, the tolerance that fits is 1e-11",
    );
}

#[test]
fn too_few_digits() {
    let file = include_str!("../../../tests/ui/tableau/gauss_legendre_4_digits.rs");
    assert_message(
        check(call(file)),
        "4",
        "the condition Σ b·c² = 1/3 of order 3 is off by 4.1e-11 (1 other of that order fails too)\nhelp: write the \
         coefficients exactly, with fractions or `sqrt`; if they are rounded, say so with `tolerance: 1e-10`",
    );
    let bounded = |bound: &str| check(&call(file).replace("order: 4,", &format!("order: 4, tolerance: {bound},")));
    assert_eq!(messages(bounded("1e-15")).len(), 1);
    assert!(bounded("1e-10").is_ok());
}

#[test]
fn right_tables_are_accepted() {
    let source =
        call(include_str!("../../../tests/ui/tableau/ken_carp_5_digit.rs")).replace("7827059040719", "7827059040749");
    let tableau = match check(&source) {
        Ok(solver) => solver.tableau,
        Err(messages) => panic!("{messages:#?}"),
    };
    assert_eq!(tableau.kind, ir::Kind::DiagonallyImplicit);
    assert!(tableau.fsal && tableau.stiffly_accurate);
    assert!(tableau.stability.a_stable && tableau.stability.l_stable, "{:?}", tableau.stability);
    assert_eq!(tableau.stage_order, 2);
    let ir::Exactness::Rounded { residual, .. } = tableau.exactness else { panic!("{:?}", tableau.exactness) };
    assert!(residual < 1e-24, "{residual:e}");
}

#[test]
fn orders_that_are_not_true() {
    assert_message(
        method("order: 4, embedded: 2,", BS3),
        "4",
        "the condition Σ b·c³ = 1/4 of order 4 gives 11/48 (1 other of that order fails too); `order` can be 3\nhelp: correct \
         a coefficient, or declare `order: 3`",
    );
    assert_message(
        method("order: 2, embedded: 2,", BS3),
        "2",
        "`order` is 2, but every condition of order 3 holds too\nhelp: declare `order: 3`",
    );
    assert_message(
        method("order: 3, embedded: 1,", BS3),
        "1",
        "`embedded` is 1, but every condition of order 2 holds too\nhelp: declare `embedded: 2`",
    );
    assert_message(
        method("order: 2,", "0 | ; 1 | 1; | 1/2, 1/3;"),
        "2",
        "the condition Σ b = 1 of order 1 gives 5/6\nhelp: correct the weights, which add up to 1",
    );
    // The order that is true, not only the next one.
    assert_message(
        method("order: 1,", "0 | ; 1/2 | 1/2; 1/2 | 0, 1/2; 1 | 0, 0, 1; | 1/6, 1/3, 1/3, 1/6;"),
        "1",
        "`order` is 1, but every condition of order 4 holds too\nhelp: declare `order: 4`",
    );
    // Both rows at once.
    assert_eq!(messages(method("order: 5, embedded: 3,", BS3)).len(), 2);
}

#[test]
fn orders_that_cannot_be_read() {
    let said = |keys: &str| messages(method(keys, "0 | ; | 1;"));
    let text = |keys: &str| said(keys).first().map(|(token, text)| format!("{token}: {text}")).unwrap_or_default();
    assert!(text("order: 10,").starts_with("10: `order` is 10, but conditions are proved up to order 8"));
    assert!(text("order: 0,").starts_with("0: `order` is 0, but a method has order 1 at least"));
    assert!(text("order: four,").starts_with("four: expected the order as a whole number"));
    assert!(text("order: 1.5,").starts_with("1.5: expected the order as a whole number"));
    assert!(text("order: 99999999999999999999999999,").starts_with("99999999999999999999999999: expected the order"));
    assert!(text("").ends_with("`order` of `Test` is missing\nhelp: add `order: 1,`"), "{}", text(""));
    assert!(text("order: 1, embedded: 1,").starts_with("embedded: `embedded` without weights"));
    assert!(text("order: 1, tolerance: 0.1,").starts_with("0.1: a tolerance is 1e-6 at most"));
    assert!(text("order: 1, tolerance: 0,").starts_with("0: a tolerance is positive"));
    assert!(text("order: 1, tolerance: tiny,").starts_with("tiny: expected a positive number"));
    assert!(text("order: 1, tolerance: 1e-15,").starts_with("1e-15: nothing is rounded"));
    let third = "0 | ; 1/3 | 0.33333333333333333333; 2/3 | 0, 0.66666666666666666667; | 1/4, 0, 3/4;";
    let loose = messages(method("order: 3, tolerance: 1e-9,", third));
    assert_eq!(loose.len(), 1);
    assert!(loose[0].1.ends_with("far below this tolerance\nhelp: write `tolerance: 1e-15`"), "{}", loose[0].1);
    assert!(method("order: 3, tolerance: 1e-15,", third).is_ok());
}

#[test]
fn rows_that_do_not_fit() {
    let text = |rows: &str| {
        let said = messages(method("order: 1,", rows));
        assert_eq!(said.len(), 1, "{said:#?}");
        format!("{}: {}", said[0].0, said[0].1)
    };
    assert!(text("").contains("the tableau has no stages"));
    assert!(text("| 1;").contains("the tableau has no stages"));
    assert!(text("0 | ;").contains("the tableau has no weights"));
    assert!(text("0 | ; 1 | 1; | 1;").starts_with("| 1: the row of `b` has 1 entry for 2 stages"));
    assert!(text("0 | ; | 1, 2;").starts_with("| 1, 2: the row of `b` has 2 entries for 1 stage"));
    assert!(text("0 | ; 1 | 1, 0, 0; | 1, 0;").starts_with("0: row 2 has 3 entries of `a` for 2 stages"));
    assert!(text("0 | ; | 1; | 1; | 1;").starts_with("| 1: a third row of weights"));
    assert!(text("0 | ; | 1; 1/2 | 1/2;").starts_with("1/2: a stage after the weights"));
    assert!(text("0 | ; 1/2 1/2; | 1;").starts_with("1/2 1/2: a row has one `|`, found 0"));
    assert!(text("0 | ; 1 | 1,,; | 1, 0;").starts_with(",: an entry is missing before this comma"));
    assert!(text("0 | ; 1 | 1e390; | 1, 0;").starts_with("1e390: a coefficient that is too large"));
    assert!(text("0 | ; 1 2 | 1; | 1, 0;").contains("expected a coefficient"));
    let many: String = (0..40).map(|_| "0 | ;").collect();
    assert!(text(&format!("{many} | 1;")).contains("a tableau has at most 32 stages"));
    let missing = messages(check("solver Test { order: 1 }"));
    assert_eq!(missing.len(), 1, "{missing:#?}");
    assert!(missing[0].1.starts_with("`tableau` of `Test` is missing"));
    let list = messages(check("solver Test { order: 1, tableau: [1] }"));
    assert_eq!((list.len(), list[0].0.as_str()), (1, "[1]"));
}

#[test]
fn rows_of_embedded_weights() {
    assert_message(
        method("order: 3,", BS3),
        "| 7/24, 1/4, 1/3, 1/8",
        "a row of `b_hat`, but `embedded` is missing\nhelp: add `embedded: 2,`",
    );
    assert_message(
        method("order: 2, embedded: 2,", "0 | ; 1 | 1; | 1/2, 1/2; | 1/2, 1/2;"),
        "| 1/2, 1/2",
        "`b_hat` is equal to `b`, so the error estimate is always zero\nhelp: write the embedded weights, or remove the row \
         and `embedded`",
    );
}

#[test]
fn row_sums() {
    assert_message(
        method("order: 3, embedded: 2,", &BS3.replace("0, 3/4;", "0, 7/12;")),
        "3/4",
        "row 3: the sum of `a` is 7/12, but `c` is 3/4\nhelp: correct `c` or an entry of the row",
    );
    // A wrong row, and weights that are wrong by themselves.
    let two = messages(method(
        "order: 3, embedded: 2,",
        &BS3.replace("0, 3/4;", "0, 7/12;").replace("| 2/9, 1/3, 4/9, 0", "| 2/9, 1/3, 1/3, 1/9"),
    ));
    assert_eq!(two.len(), 2, "{two:#?}");
    assert_eq!(two[1].0, "3");
    assert!(two[1].1.starts_with("the condition Σ b·c = 1/2 of order 2 gives 19/36"), "{}", two[1].1);
    // Two rows.
    let two = messages(method("order: 4,", "0 | ; 1/2 | 1/3; 1/2 | 0, 1/2; 1 | 0, 0, 2; | 1/6, 1/3, 1/3, 1/6;"));
    assert_eq!(two.iter().map(|(token, _)| token.as_str()).collect::<Vec<_>>(), ["1/2", "1"]);
}

#[test]
fn every_mistake_at_once() {
    let said = messages(method(
        "order: 12, embedded: x, tolerance: 3,",
        "0 | ; 1 | y; 1/0 | 1; | 1, 0, sqrt(2); | sqrt(3), 0, 0;",
    ));
    let tokens: Vec<_> = said.iter().map(|(token, _)| token.as_str()).collect();
    assert_eq!(tokens, ["12", "x", "3", "y", "0", "sqrt(3)"]);
}

#[test]
fn stability_of_hard_cases() {
    let stability = |keys: &str, rows: &str| match method(keys, rows) {
        Ok(solver) => solver.tableau.stability,
        Err(messages) => panic!("{messages:#?}"),
    };
    // Diagonally implicit with a negative diagonal entry: a pole in the left half plane.
    let pole = stability("order: 1,", "-1 | -1; | 1;");
    assert!(!pole.a_stable && pole.real < 1.0, "{pole:?}");
    // Implicit, but too far from A-stable: R = (1 + 3z/4)/(1 − z/4) has |R(∞)| = 3.
    let theta = stability("order: 1,", "0 | ; 1 | 3/4, 1/4; | 3/4, 1/4;");
    assert_eq!((theta.a_stable, theta.real, theta.imaginary), (false, 4.0, 0.0));
    // A second-order stabilised method: T_2 touches −1 inside of its interval [-8, 0], which is no end of it.
    let chebyshev = stability("order: 1,", "0 | ; 1/4 | 1/4; | 1/2, 1/2;");
    assert_eq!((chebyshev.real, chebyshev.imaginary), (8.0, 0.0));
    // A factor that N and D share is no pole: the second stage is not used.
    let reducible = stability("order: 1,", "1 | 1; -1 | 0, -1; | 1, 0;");
    assert!(reducible.a_stable && reducible.l_stable, "{reducible:?}");
}

/// Coefficients that are off by less than any double shows.
#[test]
fn tiny_defects_are_defects() {
    let tiny = format!("1/6 + 1e-{}", 390);
    let said = messages(method("order: 3,", &format!("0 | ; 1/2 | 1/2; 1 | -1, 2; | {tiny}, 2/3, 1/6;")));
    assert_eq!(said.len(), 1);
    assert!(said[0].1.starts_with("the condition Σ b = 1 of order 1 is off by"), "{}", said[0].1);
    assert!(said[0].1.ends_with("`tolerance: 1e-100`"), "{}", said[0].1);
}

proptest::proptest! {
    /// Whatever stands between the braces: an error or a solver, never a panic, and always the type.
    #[test]
    fn random_rows(pieces in proptest::collection::vec(0..20_usize, 0..40), keys in 0..4_usize) {
        const PIECES: [&str; 20] = [
            "0", "1", "1/2", "-1", "0.5", "1e-3", "sqrt(2)", "sqrt(3)", "|", "|", "|", ";", ";", ";", ",", ",", "x", "()", "/", "0 | ; 1 | 1; | 1/2, 1/2;",
        ];
        let rows: Vec<_> = pieces.iter().map(|piece| PIECES[*piece]).collect();
        let keys = ["", "order: 1,", "order: 2, embedded: 1,", "order: 8, tolerance: 1e-15,"][keys];
        let source = format!("solver Test {{ {keys} tableau: {{ {} }} }}", rows.join(" "));
        if let Err(messages) = check(&source) {
            proptest::prop_assert!(!messages.is_empty(), "{}", source);
            proptest::prop_assert!(messages.iter().all(|(_, text)| !text.is_empty()));
        }
        let tokens = source.parse::<TokenStream>().unwrap_or_default();
        proptest::prop_assert!(crate::generate(tokens).to_string().contains("struct Test"), "{}", source);
    }
}
