//! A document that must be refused.

use crate::pmml;

/// A regression on `price`, a field that neither the document nor a record has.
#[must_use]
pub fn document() -> String {
    let body = "<RegressionModel functionName=\"regression\" modelName=\"refused\">\n\
        <MiningSchema><MiningField name=\"quality\" usageType=\"target\"/><MiningField name=\"price\"/></MiningSchema>\n\
        <RegressionTable intercept=\"1\"><NumericPredictor name=\"price\" coefficient=\"2\"/></RegressionTable>\n\
        </RegressionModel>\n";
    pmml::document(pmml::Target::Number, body)
}
