use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        linear(linear(concat(x, t), 99_999_999_999_999_999_999), 2)
    }
}

fn main() {}
