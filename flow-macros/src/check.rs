//! Rules across entries, and the lowering of what passes them to `ir`.

mod model;
mod number;
mod recipe;
mod scheduler;
mod solver;
mod solver_order;
#[cfg(test)]
mod solver_tests;

use crate::{ast, error::Errors, ir};
use std::collections::BTreeMap;
use syn::ext::IdentExt;

/// Checks every item; one with a mistake is lowered to a stand-in of the same name.
pub(crate) fn check_module(file: &ast::File, cx: &mut Errors) -> ir::Module {
    let repeated = check_names(file, cx);
    let blocks = check_blocks(file, cx);
    let scope = recipe::Scope::of(file);
    let mut items = Vec::new();
    for (index, item) in file.items.iter().enumerate() {
        if repeated.contains(&index) {
            continue;
        }
        match item {
            ast::Item::Solver(solver) => {
                items.push(ir::Item::Solver(
                    solver::check_solver(solver, cx).unwrap_or_else(|| solver::fallback_solver(solver)),
                ));
            }
            ast::Item::Scheduler(scheduler) => {
                items.push(ir::Item::Scheduler(
                    scheduler::check_scheduler(scheduler, cx)
                        .unwrap_or_else(|| scheduler::fallback_scheduler(scheduler)),
                ));
            }
            ast::Item::Model(model) => {
                let checked = model::check_model(model, &blocks, cx);
                items.push(ir::Item::Model(
                    checked.unwrap_or_else(|| model::fallback_model(&model.head, &model.inputs)),
                ));
            }
            ast::Item::Train(train) => {
                let checked = recipe::check_train(train, &scope, cx);
                items.extend(checked.or_else(|| recipe::fallback_train(train, &scope)).map(ir::Item::Train));
            }
            ast::Item::Sampler(sampler) => {
                let checked = recipe::check_sampler(sampler, &scope, cx);
                items.extend(checked.or_else(|| recipe::fallback_sampler(sampler, &scope)).map(ir::Item::Sampler));
            }
            ast::Item::Failed { keyword, head } => match keyword.as_str() {
                "model" => items.push(ir::Item::Model(model::fallback_model(head, &[]))),
                "solver" => {
                    let failed = ast::Solver { head: head.clone(), entries: Vec::new(), tableau: None, faulty: true };
                    items.push(ir::Item::Solver(solver::fallback_solver(&failed)));
                }
                "scheduler" => {
                    let failed = ast::Scheduler {
                        head: head.clone(),
                        parameters: Vec::new(),
                        entries: Vec::new(),
                        faulty: true,
                        incomplete: true,
                    };
                    items.push(ir::Item::Scheduler(scheduler::fallback_scheduler(&failed)));
                }
                _ => {}
            },
            ast::Item::Block(_) => {}
        }
    }
    // Where something could not be read or checked, there may be calls.
    if cx.len() == 0 {
        check_calls(file, &blocks, cx);
    }
    ir::Module { krate: file.krate.clone(), items }
}

/// Two items of one name would clash far from here: the indices of the later ones, which are not expanded.
fn check_names(file: &ast::File, cx: &mut Errors) -> Vec<usize> {
    let mut seen: BTreeMap<String, &syn::Ident> = BTreeMap::new();
    let mut repeated = Vec::new();
    for (index, item) in file.items.iter().enumerate() {
        let name = match item {
            ast::Item::Block(block) => &block.name,
            ast::Item::Model(ast::Model { head, .. })
            | ast::Item::Solver(ast::Solver { head, .. })
            | ast::Item::Scheduler(ast::Scheduler { head, .. })
            | ast::Item::Train(ast::Train { head, .. })
            | ast::Item::Sampler(ast::Sampler { head, .. })
            | ast::Item::Failed { head, .. } => &head.name,
        };
        match seen.get(&name.to_string()) {
            Some(first) => {
                cx.at(name, format!("`{name}` is declared twice\nhelp: rename one of the two"));
                cx.at(first, format!("`{name}` was first declared here"));
                repeated.push(index);
            }
            None => {
                seen.insert(name.to_string(), name);
            }
        }
    }
    repeated
}

/// Blocks by name; one may not be called as a layer is.
fn check_blocks<'a>(file: &'a ast::File, cx: &mut Errors) -> model::Blocks<'a> {
    let mut blocks = model::Blocks::default();
    for item in &file.items {
        let block = match item {
            ast::Item::Block(block) => block,
            ast::Item::Failed { keyword, head } if keyword == "block" => {
                blocks.by_name.entry(head.name.unraw().to_string()).or_insert(None);
                continue;
            }
            _ => continue,
        };
        let (name, before) = (block.name.unraw().to_string(), cx.len());
        if crate::keyword::layer_named(&name).is_some() {
            cx.at(&block.name, format!("`{name}` is a layer of the language\nhelp: choose another name for the block"));
        }
        for (index, parameter) in block.parameters.iter().enumerate() {
            if block.parameters[..index].contains(parameter) {
                cx.at(parameter, format!("the parameter `{parameter}` is declared twice\nhelp: rename one of the two"));
            }
        }
        let is_sound = cx.len() == before;
        blocks.by_name.entry(name).or_insert(is_sound.then_some(block));
    }
    blocks
}

/// A block is read where it is called: the mistakes of one that is not would go unseen.
fn check_calls(file: &ast::File, blocks: &model::Blocks, cx: &mut Errors) {
    let called = blocks.called.borrow();
    for item in &file.items {
        let ast::Item::Block(block) = item else { continue };
        let name = block.name.unraw().to_string();
        if !called.contains(&name) && !name.starts_with('_') {
            cx.at(
                &block.name,
                format!("the block `{name}` is never called\nhelp: call it, remove it, or call it `_{name}` if that is intended"),
            );
        }
    }
}
