use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        let mut h = linear(concat(x, t), 2);
        for _ in 0..3 {
            let g = linear(h, 4);
            h = relu(h);
        }
        h
    }
}

fn main() {}
