# cmake -DPROGRAM= -DMODEL= -DSESSION= -DEXPECTED= -P play.cmake: whether a recorded session goes as it did.

execute_process(COMMAND "${PROGRAM}" "${MODEL}" "${SESSION}" OUTPUT_VARIABLE said RESULT_VARIABLE status)
string(REPLACE "\r\n" "\n" said "${said}")
file(READ "${EXPECTED}" expected)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "it ended with ${status}")
endif()
if(NOT said STREQUAL expected)
  message(FATAL_ERROR "${EXPECTED} has other lines than these:\n${said}")
endif()
