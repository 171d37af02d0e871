use flow_runtime::flow_model;

flow_model! {
    solver Method {
        order: 3,
        tableau: {
            0     | ;
            0.5   | 0.5;
            1     | -1, 2;
                  | 0.1667, 0.6666, 0.1667;
        }
    }
}

fn main() {}
