use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        linear(relu(concat(x, t), slope = 0.1), 2)
    }
}

fn main() {}
