#include "ctoml.h"

/* cpptoml uses numeric_limits and leaves its header to others. */
#include <limits>

#include <cpptoml.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>

namespace {

void quote(const std::string &text, std::string &out)
{
    out += '"';
    for (unsigned char byte : text) {
        if (byte == '"' || byte == '\\') {
            out += '\\';
            out += static_cast<char>(byte);
        } else if (byte < 0x20) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04x", byte);
            out += escape;
        } else {
            out += static_cast<char>(byte);
        }
    }
    out += '"';
}

void write(cpptoml::base &item, std::string &out);

template <class List> void write_list(const List &list, std::string &out)
{
    const char *between = "[";
    for (const auto &item : list) {
        out += between;
        write(*item, out);
        between = ",";
    }
    out += *between == '[' ? "[]" : "]";
}

void write(cpptoml::base &item, std::string &out)
{
    if (item.is_table()) {
        const char *between = "{";
        for (const auto &member : static_cast<cpptoml::table &>(item)) {
            out += between;
            quote(member.first, out);
            out += ':';
            write(*member.second, out);
            between = ",";
        }
        out += *between == '{' ? "{}" : "}";
    } else if (item.is_array()) {
        write_list(item.as_array()->get(), out);
    } else if (item.is_table_array()) {
        write_list(item.as_table_array()->get(), out);
    } else if (auto text = item.as<std::string>()) {
        quote(text->get(), out);
    } else if (auto flag = item.as<bool>()) {
        out += flag->get() ? "true" : "false";
    } else if (auto whole = item.as<int64_t>()) {
        out += std::to_string(whole->get());
    } else if (auto number = item.as<double>()) {
        char digits[40];
        std::snprintf(digits, sizeof digits, "%.17g", number->get());
        if (std::isfinite(number->get()))
            out += digits;
        else
            quote(digits, out);
    } else {
        throw std::runtime_error("dates and times are no setting's value");
    }
}

} // namespace

char *diatom_toml_to_json(const char *text, size_t length, char *problem, size_t room)
{
    try {
        std::istringstream stream(std::string(text, length));
        std::string out;
        write(*cpptoml::parser(stream).parse(), out);
        return strdup(out.c_str());
    } catch (const std::exception &failure) {
        std::snprintf(problem, room, "%s", failure.what());
        return nullptr;
    }
}
