use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        let h = reshape(linear(concat(x, t), 6), [2, 3]);
        linear(concat(flatten(h), h), 2)
    }
}

fn main() {}
