#include "shapes/square.h"
#include <iostream>

int main() { std::cout << area(3) << "\n"; }
