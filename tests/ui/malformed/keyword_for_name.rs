use flow_runtime::flow_model;

flow_model! {
    solver fn {
        order: 1,
        tableau: { 0 | ; | 1; }
    }
}

fn main() {}
