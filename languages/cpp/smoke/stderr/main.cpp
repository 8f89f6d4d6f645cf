#include <iostream>

int main()
{
    std::cerr << "err\n";
    std::cout << "out\n";
}
