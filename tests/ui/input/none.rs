use flow_runtime::flow_model;

flow_model! {
    model Field() -> [2] {
        linear(x, 2)
    }
}

fn main() {}
