//! Wine records as bytes, made from a counter.

use prost::Message;

/// The record as prost's derive would have it from `proto/wine_record.proto`.
#[derive(Clone, PartialEq, Message)]
pub struct WineRecord {
    /// g/dm³, as all that follow but density, pH and alcohol.
    #[prost(double, tag = "1")]
    pub fixed_acidity: f64,
    /// Field 2.
    #[prost(double, tag = "2")]
    pub volatile_acidity: f64,
    /// Field 3.
    #[prost(double, tag = "3")]
    pub citric_acid: f64,
    /// Field 4.
    #[prost(double, tag = "4")]
    pub residual_sugar: f64,
    /// Field 5.
    #[prost(double, tag = "5")]
    pub chlorides: f64,
    /// Field 6.
    #[prost(double, tag = "6")]
    pub free_sulfur_dioxide: f64,
    /// Field 7.
    #[prost(double, tag = "7")]
    pub total_sulfur_dioxide: f64,
    /// Field 8.
    #[prost(double, tag = "8")]
    pub density: f64,
    /// Field 9.
    #[prost(double, tag = "9")]
    pub p_h: f64,
    /// Field 10.
    #[prost(double, tag = "10")]
    pub sulphates: f64,
    /// Field 11.
    #[prost(double, tag = "11")]
    pub alcohol: f64,
    /// The route.
    #[prost(string, tag = "12")]
    pub data_type: String,
}

/// `count` encoded records, no two alike.
pub fn records(count: usize) -> Vec<Vec<u8>> {
    let part = |row: usize, step: usize| 0.1 + ((row * step) % 997) as f64 / 83.0;
    (0..count)
        .map(|row| {
            WineRecord {
                fixed_acidity: part(row, 3),
                volatile_acidity: part(row, 5),
                citric_acid: part(row, 7),
                residual_sugar: part(row, 11),
                chlorides: part(row, 13),
                free_sulfur_dioxide: part(row, 17),
                total_sulfur_dioxide: part(row, 19),
                density: part(row, 23),
                p_h: part(row, 29),
                sulphates: part(row, 31),
                alcohol: part(row, 37),
                data_type: "wine".to_owned(),
            }
            .encode_to_vec()
        })
        .collect()
}
