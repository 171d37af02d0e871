//! What README shows is what the compiler says.

/// Messages without the file names, which differ.
fn messages(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once("--> ") {
        Some((margin, place)) => {
            let position: Vec<_> = place.rsplitn(3, ':').take(2).collect();
            format!("{margin}--> {}", position.join(":"))
        }
        None => line.trim_end().to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[test]
fn the_errors_in_readme_are_those_of_the_compiler() {
    let readme = include_str!("../README.md");
    let shown = readme
        .split("```text\n")
        .find(|block| block.starts_with("error: "))
        .and_then(|block| block.split("```").next());
    let said = include_str!("ui/several-at-once/readme.stderr");
    assert_eq!(messages(shown.expect("README shows errors")), messages(said));
}
