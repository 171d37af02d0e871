use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2]) -> [2] {
        linear(x, 2)
    }
}

fn main() {}
