#include <iostream>
#include <string>

int main()
{
    std::string text;
    std::cin >> text;
    std::cout << text << " ↔ 硅藻 🦠\n";
}
