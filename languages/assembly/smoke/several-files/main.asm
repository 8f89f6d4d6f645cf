global main
extern printf, area

section .text
main:
    push rbx
    mov edi, 3
    call area
    mov esi, eax
    lea rdi, [rel line]
    xor eax, eax
    call printf
    xor eax, eax
    pop rbx
    ret

section .rodata
line: db "%d", 10, 0
