use flow_runtime::flow_model;

flow_model! {
    block again(h) {
        relu(again(h))
    }

    model Field(x: [2], t: Time) -> [2] {
        linear(again(concat(x, t)), 2)
    }
}

fn main() {}
