use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        linear(concat(embedding(x, 4), t), 2)
    }
}

fn main() {}
