use flow_runtime::flow_model;

flow_model! {
    solver Method {
        order: 2,
        tableau: {
            0   | ;
            1/3 | 1/2;
                | 0, 1;
        }
    }
}

fn main() {}
