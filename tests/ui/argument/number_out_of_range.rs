use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        linear(dropout(concat(x, t), 1.0), 2)
    }
}

fn main() {}
