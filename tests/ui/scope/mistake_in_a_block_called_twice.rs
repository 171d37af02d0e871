use flow_runtime::flow_model;

flow_model! {
    block twice(h) {
        relu(hh)
    }

    model Field(x: [2], t: Time) -> [2] {
        let a = twice(linear(concat(x, t), 2));
        twice(a)
    }
}

fn main() {}
