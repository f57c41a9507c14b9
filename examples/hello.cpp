#include <fewfit/fewfit.hpp>
#include <iostream>

int main() {
  auto model = fewfit::model::load("interviews.fewfit").value();  // or check: if (!model) ... model.error()
  auto answer = model.predict("За год мы увеличили выручку на 34 %.");
  std::cout << answer.label << " " << answer.probability << "\n";
}
