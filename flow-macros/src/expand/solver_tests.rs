//! The code that a `solver` becomes.

fn expand(source: &str) -> String {
    let output = crate::generate(source.parse().unwrap_or_default());
    match syn::parse2(output.clone()) {
        Ok(file) => prettyplease::unparse(&file),
        Err(error) => panic!("{error}\n{output}"),
    }
}

/// The text between two others, without spaces, suffixes and the path of the runtime.
fn part(text: &str, start: &str, end: &str) -> String {
    let from = text.find(start).map_or(text.len(), |at| at + start.len());
    let length = text[from..].find(end).unwrap_or(text.len() - from);
    let bare =
        text[from..from + length].replace("::flow_runtime::__private::", "").replace("f64,", ",").replace("f64)", ")");
    bare.split_whitespace()
        .collect::<String>()
        .replace("__flow_", "")
        .replace(",)", ")")
        .replace(",>", ">")
        .replace(",]", "]")
        .replace("f64*", "*")
}

const BS3: &str = "/// A pair.\npub solver Pair { order: 3, embedded: 2, tableau: {
    0 | ; 1/2 | 1/2; 3/4 | 0, 3/4; 1 | 2/9, 1/3, 4/9; | 2/9, 1/3, 4/9, 0; | 7/24, 1/4, 1/3, 1/8; } }";

#[test]
fn steps_are_unrolled() {
    let step = part(&expand(BS3), "fn step<", "fn step_embedded");
    // Three stages: the fourth is there for b_hat alone. c = 0 is t0 itself.
    assert_eq!(step.matches("::evaluate(").count(), 3);
    assert!(step.contains("VectorField::<S>::evaluate(field,t0,x,k1)?;"), "{step}");
    assert!(step.contains("evaluate(field,Real::from_f64(Real::to_f64(t0)+0.5*h),&*out,k2)?;"), "{step}");
    // a31 = 0 is dropped: the third stage reads the second alone.
    assert!(step.contains("State::combine_into(x,[(Real::from_f64(h*0.75),&*k2)],out)?;"), "{step}");
    assert_eq!(step.matches("combine_into(").count(), 3);
    assert!(!step.contains("&*k4") && !step.contains("h*0)"));
}

#[test]
fn first_same_as_last_is_reused() {
    let step = part(&expand(BS3), "fn step_embedded<", "\n}\n");
    assert!(
        step.contains("ifreuse{::core::mem::swap(k1,k4);}else{VectorField::<S>::evaluate(field,t0,x,k1)?;}"),
        "{step}"
    );
    // The last stage is evaluated at the result and the end, with no state of its own.
    assert!(step.contains("VectorField::<S>::evaluate(field,t1,&*out,k4)?;"), "{step}");
    assert_eq!(step.matches("::evaluate(").count(), 4);
    assert_eq!(step.matches("combine_into(").count(), 3);
    // b − b_hat, exactly: 2/9 − 7/24 = −5/72.
    assert!(step.contains("State::sum_into([(Real::from_f64(h*-0.06944444444444445),&*k1),"), "{step}");
    assert!(step.contains("(Real::from_f64(h*-0.125),&*k4)],error)"), "{step}");

    let plain = expand("solver Heun { order: 2, embedded: 1, tableau: { 0 | ; 1 | 1; | 1/2, 1/2; | 1, 0; } }");
    assert!(!plain.contains("mem::swap"));
    assert!(plain.contains("FSAL: ::core::primitive::bool = false"));
}

#[test]
fn units_are_folded() {
    let text = expand(
        "solver Rule { order: 4, tableau: { 0 | ; 1/3 | 1/3; 2/3 | -1/3, 1; 1 | 1, -1, 1; | 1/8, 3/8, 3/8, 1/8; } }",
    );
    let step = part(&text, "fn step<", "\n}\n");
    assert!(step.contains("[(Real::from_f64(h),&*k1),(Real::from_f64(-h),&*k2),(Real::from_f64(h),&*k3)]"), "{step}");
    assert!(step.contains("(Real::from_f64(h*-0.3333333333333333),&*k1)"), "{step}");
    // c = 1 is t1 itself.
    assert!(step.contains("evaluate(field,t1,&*out,k4)?;"), "{step}");
}

#[test]
fn implicit_steps_are_solved() {
    let text = expand("solver Crank { order: 2, embedded: 1, tableau: { 0 | ; 1 | 1/2, 1/2; | 1/2, 1/2; | 0, 1; } }");
    let step = part(&text, "fn step<", "fn step_embedded");
    assert!(step.contains("{implicit_step::<S,F,2>(&Self::TABLEAU,field,t0,t1,x,work,out)}"), "{step}");
    assert!(text.contains("= [S; 3usize]"));
    let step = part(&text, "fn step_embedded<", "\n}\n");
    assert!(
        step.contains("{implicit_step::<S,F,2>(&Self::TABLEAU,field,t0,t1,x,work,out)?;let[k1,k2,_]=work;"),
        "{step}"
    );
    assert!(step.contains("sum_into([(Real::from_f64(h*0.5),&*k1),(Real::from_f64(h*-0.5),&*k2)],error)"), "{step}");
    assert!(expand(BS3).contains("= [S; 4usize]"));
}

#[test]
fn properties_are_documented() {
    let text = expand(BS3);
    for line in [
        "/// A pair.",
        "/// # Derived properties",
        "/// | kind | explicit, first same as last |",
        "/// | order | 3 (embedded 2) |",
        "/// | proof | exact, in rational numbers |",
        "/// | principal error norm | 0.0418111 (embedded 0.0294628) |",
        "/// | stability function | `1 + z + 0.5 z^2 + 0.166667 z^3` |",
        "/// | stability interval, imaginary axis | 1.73205 |",
        "/// 3/4 |     0  3/4",
        "/// ----+---------------------",
        "///     |  7/24  1/4  1/3  1/8",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let text = expand("solver Gauss { order: 2, tableau: { 1/2 | 1/2; | 1; } }");
    assert!(text.contains("/// | stability function | `(1 + 0.5 z) / (1 - 0.5 z)` |"));
    assert!(text.contains("/// | stability | A-stable |"));
    assert!(text.contains("/// | stability interval, real axis | infinite |"));
}

/// Names of the caller's scope do not matter, and the runtime crate may have another name.
#[test]
fn paths_are_absolute() {
    fn visit(tokens: proc_macro2::TokenStream, seen: &mut usize) {
        let mut before = [String::new(), String::new()];
        for token in tokens {
            if let proc_macro2::TokenTree::Group(group) = &token {
                visit(group.stream(), seen);
            }
            let text = token.to_string();
            let names = "Option Some None Ok Err Result Clone Copy Debug Default Real State VectorField Method Embedded Tableau \
                         Exactness Kind Stability usize f64 bool mem array core renamed implicit_step";
            // A keyed path of `impl`, as in `S::Scalar`, is no name of the scope; `::core` and `::renamed` start one.
            if names.split_whitespace().any(|name| name == text) {
                assert_eq!(before, [":", ":"], "{text}");
                *seen += 1;
            }
            before = [std::mem::take(&mut before[1]), text];
        }
    }
    for source in [BS3, "solver Rule { order: 2, embedded: 1, tableau: { 0 | ; 1 | 1/2, 1/2; | 1/2, 1/2; | 1, 0; } }"] {
        let source = format!("#![crate = ::renamed]\n{source}");
        assert!(!expand(&source).contains("flow_runtime"));
        let mut seen = 0;
        visit(crate::generate(source.parse().unwrap_or_default()), &mut seen);
        assert!(seen > 50, "{seen}");
    }
}

#[test]
fn a_failed_solver_still_declares_its_type() {
    let text = expand("pub solver Broken { order: 3, embedded: 2, tableau: { 0 | ; | 2; | 1; } }");
    assert!(text.contains("compile_error!"));
    assert!(text.contains("pub struct Broken;"));
    assert!(text.contains("Method for Broken") && text.contains("Embedded for Broken"));
    let text = expand("pub solver Broken { order: 3, tableau: { 0 | ; | 2; } }");
    assert!(text.contains("Method for Broken") && !text.contains("Embedded for Broken"));
    let text = expand("pub solver Broken { ordr: 3, tableau: [] }");
    assert!(text.contains("pub struct Broken;"));
    assert_eq!(text.matches("compile_error!").count(), 2);
    // Nothing of it can be read, and the next item is.
    for source in ["pub solver Broken; pub solver Next { order: 1, tableau: { 0 | ; | 1; } }", "pub solver Broken"] {
        let text = expand(source);
        assert_eq!(text.matches("compile_error!").count(), 1, "{text}");
        assert!(text.contains("expected `{` after `Broken`") && text.contains("pub struct Broken;"), "{text}");
        assert_eq!(text.contains("pub struct Next;"), source.contains("Next"));
    }
}

#[test]
fn expansion_is_deterministic() {
    assert_eq!(expand(BS3), expand(BS3));
}
