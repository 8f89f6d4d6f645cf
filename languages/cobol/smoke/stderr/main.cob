       IDENTIFICATION DIVISION.
       PROGRAM-ID. MAIN.
       PROCEDURE DIVISION.
           DISPLAY "err" UPON SYSERR.
           DISPLAY "out".
           STOP RUN.
