use flow_runtime::flow_model;

flow_model! {
    solver Method {
        order: 2,
        tolerance: 0.1,
        tableau: {
            0   | ;
            1.0 | 1.0;
                | 0.5, 0.5;
        }
    }
}

fn main() {}
